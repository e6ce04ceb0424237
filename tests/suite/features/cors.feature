Feature: CORS rules of a bucket
  CORS rules decide which web pages of other origins can use the bucket from a browser.

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketCORS @op.GetBucketCORS @op.DeleteBucketCORS
  Scenario: Put, read and delete
    When the bucket's CORS rules are put
      """
      {"cors_rules": [
        {"allowed_origin": "http://*.qingcloud.com", "allowed_methods": ["PUT", "GET", "DELETE", "POST"],
          "allowed_headers": ["x-qs-date", "Content-Type", "Content-MD5", "Authorization"],
          "max_age_seconds": 200, "expose_headers": ["x-qs-date"]},
        {"allowed_origin": "http://*.example.com", "allowed_methods": ["PUT", "GET", "DELETE", "POST"],
          "allowed_headers": ["*"], "max_age_seconds": 400}]}
      """
    Then the response is 200
    When the bucket's CORS rules are read
    Then the response is 200
    And the JSON body contains
      """
      {"cors_rules": [
        {"allowed_origin": "http://*.qingcloud.com", "allowed_methods": ["PUT", "GET", "DELETE", "POST"],
          "allowed_headers": ["x-qs-date", "Content-Type", "Content-MD5", "Authorization"],
          "max_age_seconds": 200, "expose_headers": ["x-qs-date"]},
        {"allowed_origin": "http://*.example.com", "allowed_methods": ["PUT", "GET", "DELETE", "POST"],
          "allowed_headers": ["*"], "max_age_seconds": 400}]}
      """
    When the bucket's CORS rules are deleted
    Then the response is 204
    And the bucket has no CORS rules

  @op.PutBucketCORS @op.OptionsObject
  Scenario Outline: CORS rules decide preflight requests
    Given the object "trail.txt" with content "a trail"
    And the bucket's CORS rules are
      """
      {"cors_rules": [
        {"allowed_origin": "http://*.example.com", "allowed_methods": ["GET", "PUT"],
          "allowed_headers": ["Content-Type"], "max_age_seconds": 200, "expose_headers": ["x-qs-date"]}]}
      """
    When a preflight request from "<site>" asks to <method> the object "trail.txt" with the headers "<headers>"
    Then the response is 200
    And the header access-control-allow-origin is <presence>
    And the header access-control-allow-methods is <presence>

    Examples:
      | site                   | method | headers             | presence |
      | http://www.example.com | GET    | content-type        | present  |
      | http://www.example.com | PUT    | Content-Type        | present  |
      | http://www.example.com | DELETE | Content-Type        | absent   |
      | http://www.example.com | GET    | Content-Type, X-Odd | absent   |
      | http://www.example.org | GET    | Content-Type        | absent   |

  @op.OptionsObject
  Scenario: Preflight responses contain max-age and exposed headers
    Given the object "trail.txt" with content "a trail"
    And the bucket's CORS rules are
      """
      {"cors_rules": [{"allowed_origin": "*", "allowed_methods": ["GET"], "max_age_seconds": 200,
        "expose_headers": ["x-qs-date"]}]}
      """
    When a preflight request from "http://example.com" asks to GET the object "trail.txt"
    Then the response is 200
    And the header access-control-max-age is "200"
    And the header access-control-expose-headers is "x-qs-date"

  @op.DeleteBucketCORS @op.OptionsObject
  Scenario: Deleting the rules disallows every origin
    Given the bucket's CORS rules are
      """
      {"cors_rules": [{"allowed_origin": "*", "allowed_methods": ["GET"]}]}
      """
    When the bucket's CORS rules are deleted
    And a preflight request from "http://example.com" asks to GET the object "trail.txt"
    Then the response is 200
    And the header access-control-allow-origin is absent

  @op.PutBucketCORS @op.GetBucketCORS @op.DeleteBucketCORS
  Scenario: Only the owner can manage CORS rules
    Given the caller is another user
    When the bucket's CORS rules are put
      """
      {"cors_rules": [{"allowed_origin": "*", "allowed_methods": ["GET"]}]}
      """
    Then the response is 403 permission_denied
    When the bucket's CORS rules are read
    Then the response is 403 permission_denied
    When the bucket's CORS rules are deleted
    Then the response is 403 permission_denied
