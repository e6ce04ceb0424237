Feature: The service
  What an account has, and where it can be.

  Background:
    Given the bucket "alpine-photos"

  @op.ListBuckets
  Scenario: The buckets of an account
    When the buckets are listed
    Then the answer is 200
    And the document holds
      """
      {"count": 1, "buckets": [{"name": "alpine-photos", "location": "pek3a"}]}
      """
