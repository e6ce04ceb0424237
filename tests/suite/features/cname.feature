Feature: Custom domains of a bucket

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketCNAME @op.GetBucketCNAME @op.DeleteBucketCNAME
  Scenario: Put, read and delete
    When the bucket's domains are put
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    Then the response is 200
    When the bucket's domains are read
    Then the response is 200
    And the JSON body contains
      """
      {"count": 1, "cname_records": [{"domain": "www.example.com", "type": "normal"}]}
      """
    When the domain "www.example.com" is deleted
    Then the response is 204
    And the bucket has no domains

  @op.PutBucketCNAME @op.GetBucketCNAME
  Scenario: List the domains of one type
    Given the bucket's domains are
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    And the bucket's domains are
      """
      {"domain": "site.example.com", "type": "website"}
      """
    When the domains of the type normal are read
    Then the JSON body contains
      """
      {"count": 1, "cname_records": [{"domain": "www.example.com", "type": "normal"}]}
      """
    When the domains of the type website are read
    Then the JSON body contains
      """
      {"count": 1, "cname_records": [{"domain": "site.example.com", "type": "website"}]}
      """

  @op.GetBucketCNAME
  Scenario: An unknown domain type is rejected
    When the domains of the type palace are read
    Then the response is 400 invalid_argument

  @op.PutBucketCNAME
  Scenario: A domain can be bound to one bucket only
    Given the bucket's domains are
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    And the bucket "coastal-photos"
    When the bucket's domains are put
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    Then the response is a client error

  @op.PutBucketCNAME @op.GetBucketCNAME @op.DeleteBucketCNAME
  Scenario: Only the owner can manage domains
    Given the caller is another user
    When the bucket's domains are put
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    Then the response is 403 permission_denied
    When the bucket's domains are read
    Then the response is 403 permission_denied
    When the domain "www.example.com" is deleted
    Then the response is 403 permission_denied
