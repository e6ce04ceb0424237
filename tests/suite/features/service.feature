Feature: The service
  The buckets of an account, and the zones of the service.

  Background:
    Given the bucket "alpine-photos"

  @op.ListBuckets
  Scenario: List the buckets of an account
    When the buckets are listed
    Then the response is 200
    And the JSON body contains
      """
      {"count": 1, "buckets": [{"name": "alpine-photos", "location": "pek3a"}]}
      """

  @op.ListBuckets
  Scenario: List the buckets of one zone
    Given the bucket "coastal-photos" in the zone sh1a
    When the buckets in the zone sh1a are listed
    Then the response is 200
    And the JSON body contains
      """
      {"buckets": [{"name": "coastal-photos", "location": "sh1a"}]}
      """

  @op.ListBuckets
  Scenario: List buckets in pages
    Given the bucket "bright-photos"
    And the bucket "coastal-photos"
    When the buckets are listed with offset 1 and limit 1
    Then the response is 200
    And the JSON body contains
      """
      {"buckets": [{"name": "bright-photos"}]}
      """

  @op.ListBuckets
  Scenario: An unknown zone is rejected
    When the buckets in the zone moon1 are listed
    Then the response is 400 invalid_location

  @op.ListBuckets
  Scenario: A listing contains only the caller's buckets
    Given the caller is another user
    When the buckets are listed
    Then the response is 200
    And the JSON body contains
      """
      {"count": 0, "buckets": []}
      """

  @op.ListBuckets
  Scenario: Anonymous callers cannot list buckets
    Given the caller is anonymous
    When the buckets are listed
    Then the response is 403 permission_denied

  @op.ListLocations
  Scenario: Anonymous callers can list zones
    Given the caller is anonymous
    When the zones are listed
    Then the response is 200
    And pek3a is among the zones, with a name and an endpoint
    And sh1a is among the zones, with a name and an endpoint

  @op.ListLocations
  Scenario Outline: List zones in a language
    When the zones are listed in the language <language>
    Then the response is 200
    And pek3a is among the zones, with a name and an endpoint

    Examples:
      | language |
      | en-us    |
      | zh-cn    |
      | zh_CN    |

  @op.ListLocations
  Scenario: An unknown language is rejected
    When the zones are listed in the language fr-fr
    Then the response is 400 invalid_argument
