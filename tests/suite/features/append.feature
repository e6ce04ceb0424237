Feature: Appending
  Objects that grow at their end.

  Background:
    Given the bucket "alpine-photos"

  @op.AppendObject @op.HeadObject
  Scenario: Piece by piece
    When "0123456789" is appended to the object "log" at 0
    Then the answer is 200
    And the header x-qs-next-append-position is "10"
    When "abc" is appended to the object "log" at 10
    Then the answer is 200
    And the header x-qs-next-append-position is "13"
    And the object "log" holds "0123456789abc"
    When the object "log" is looked at
    Then the header x-qs-object-type is "appendable"
    And the header x-qs-next-append-position is "13"
    And the header content-length is "13"

  @op.AppendObject
  Scenario Outline: A position that is not the end
    When "0123456789" is appended to the object "log" at 0
    And "abc" is appended to the object "log" at <position>
    Then the answer is 400 invalid_argument
    And the object "log" holds "0123456789"

    Examples:
      | position |
      | 0        |
      | 9        |
      | 11       |

  @op.AppendObject
  Scenario: The first piece comes at the beginning
    When "abc" is appended to the object "log" at 3
    Then the answer is 400 invalid_argument
    And there is no object "log"

  @op.AppendObject
  Scenario: An ordinary object does not grow
    Given the object "trail.txt" holding "a trail"
    When "abc" is appended to the object "trail.txt" at 7
    Then the answer is a refusal
    And the object "trail.txt" holds "a trail"

  @op.AppendObject
  Scenario: Appending is for those who may write
    Given the caller is a stranger
    When "abc" is appended to the object "log" at 0
    Then the answer is 403 permission_denied
