Feature: The domains of a bucket

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketCNAME @op.GetBucketCNAME @op.DeleteBucketCNAME
  Scenario: Put, read and delete
    When the bucket's domains are put
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    Then the answer is 200
    When the bucket's domains are read
    Then the answer is 200
    And the document holds
      """
      {"count": 1, "cname_records": [{"domain": "www.example.com", "type": "normal"}]}
      """
    When the domain "www.example.com" is deleted
    Then the answer is 204
    And the bucket has no domains

  @op.PutBucketCNAME @op.GetBucketCNAME
  Scenario: Domains have a type
    Given the bucket's domains are
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    And the bucket's domains are
      """
      {"domain": "site.example.com", "type": "website"}
      """
    When the domains of the type normal are read
    Then the document holds
      """
      {"count": 1, "cname_records": [{"domain": "www.example.com", "type": "normal"}]}
      """
    When the domains of the type website are read
    Then the document holds
      """
      {"count": 1, "cname_records": [{"domain": "site.example.com", "type": "website"}]}
      """

  @op.GetBucketCNAME
  Scenario: A type that there is not
    When the domains of the type palace are read
    Then the answer is 400 invalid_argument

  @op.PutBucketCNAME
  Scenario: A domain belongs to one bucket
    Given the bucket's domains are
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    And the bucket "coastal-photos"
    When the bucket's domains are put
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    Then the answer is a refusal

  @op.PutBucketCNAME @op.GetBucketCNAME @op.DeleteBucketCNAME
  Scenario: Only the owner may
    Given the caller is a stranger
    When the bucket's domains are put
      """
      {"domain": "www.example.com", "type": "normal"}
      """
    Then the answer is 403 permission_denied
    When the bucket's domains are read
    Then the answer is 403 permission_denied
    When the domain "www.example.com" is deleted
    Then the answer is 403 permission_denied
