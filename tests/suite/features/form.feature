Feature: Form uploads
  Uploads by an HTML form, with a policy that the owner signed.

  Background:
    Given the bucket "alpine-photos"

  @op.PostObject
  Scenario: Upload with a signed form
    When a form uploads "a trail" as "trail.txt"
    Then the response is 201
    And the object "trail.txt" contains "a trail"

  @op.PostObject
  Scenario: A form can set the storage class and metadata
    When a form uploads "a trail" as "trail.txt" with
      | x-qs-storage-class | STANDARD_IA |
      | x-qs-meta-guide    | lin         |
    Then the response is 201
    When the metadata of the object "trail.txt" is read
    Then the header x-qs-storage-class is "STANDARD_IA"
    And the header x-qs-meta-guide is "lin"

  @op.PostObject
  Scenario: A form can redirect after the upload
    When a form uploads "a trail" as "trail.txt" with
      | redirect | http://example.com/done |
    Then the response is 302
    And the response redirects to "http://example.com/done" with the code "created"
    And the object "trail.txt" contains "a trail"

  @op.PostObject
  Scenario: An unknown storage class is rejected
    When a form uploads "a trail" as "trail.txt" with
      | x-qs-storage-class | PAPER |
    Then the response is 400 invalid_request
    And the object "trail.txt" does not exist

  @op.PostObject
  Scenario: A form that violates its policy is rejected
    When a form uploads "a trail" as "trail.txt" with
      | policy | eyJrZXkiOiAib3RoZXIudHh0In0= |
    Then the response is 400 form_policy_violated
    And the object "trail.txt" does not exist

  @op.PostObject
  Scenario: An unsigned form requires a public WRITE grant
    Given the caller is anonymous
    When a form uploads "a trail" as "trail.txt"
    Then the response is 403 permission_denied
    Given the caller is the owner
    And the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "WRITE"}]}
      """
    And the caller is anonymous
    When a form uploads "a trail" as "trail.txt"
    Then the response is 201
    Given the caller is the owner
    Then the object "trail.txt" contains "a trail"
