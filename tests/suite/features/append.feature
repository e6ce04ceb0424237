Feature: Appendable objects
  AppendObject adds data to the end of an object.

  Background:
    Given the bucket "alpine-photos"

  @op.AppendObject @op.HeadObject
  Scenario: Append in several requests
    When "0123456789" is appended to the object "log" at 0
    Then the response is 200
    And the header x-qs-next-append-position is "10"
    When "abc" is appended to the object "log" at 10
    Then the response is 200
    And the header x-qs-next-append-position is "13"
    And the object "log" contains "0123456789abc"
    When the metadata of the object "log" is read
    Then the header x-qs-object-type is "appendable"
    And the header x-qs-next-append-position is "13"
    And the header content-length is "13"

  @op.AppendObject
  Scenario Outline: A position that is not the end of the object is rejected
    When "0123456789" is appended to the object "log" at 0
    And "abc" is appended to the object "log" at <position>
    Then the response is 400 invalid_argument
    And the object "log" contains "0123456789"

    Examples:
      | position |
      | 0        |
      | 9        |
      | 11       |

  @op.AppendObject
  Scenario: The first append must have position 0
    When "abc" is appended to the object "log" at 3
    Then the response is 400 invalid_argument
    And the object "log" does not exist

  @op.AppendObject
  Scenario: Appending to an object that is not appendable fails
    Given the object "trail.txt" with content "a trail"
    When "abc" is appended to the object "trail.txt" at 7
    Then the response is a client error
    And the object "trail.txt" contains "a trail"

  @op.AppendObject
  Scenario: Appending requires write permission
    Given the caller is another user
    When "abc" is appended to the object "log" at 0
    Then the response is 403 permission_denied
