Feature: Form uploads
  What a browser sends from a page, with a policy that the owner signed.

  Background:
    Given the bucket "alpine-photos"

  @op.PostObject
  Scenario: A signed form
    When a form uploads "a trail" as "trail.txt"
    Then the answer is 201
    And the object "trail.txt" holds "a trail"

  @op.PostObject
  Scenario: A form that says more about the content
    When a form uploads "a trail" as "trail.txt" with
      | x-qs-storage-class | STANDARD_IA |
      | x-qs-meta-guide    | lin         |
    Then the answer is 201
    When the object "trail.txt" is looked at
    Then the header x-qs-storage-class is "STANDARD_IA"
    And the header x-qs-meta-guide is "lin"

  @op.PostObject
  Scenario: A form that leads on
    When a form uploads "a trail" as "trail.txt" with
      | redirect | http://example.com/done |
    Then the answer is 302
    And the page that it leads to is "http://example.com/done", with the code "created"
    And the object "trail.txt" holds "a trail"

  @op.PostObject
  Scenario: A storage class that there is not
    When a form uploads "a trail" as "trail.txt" with
      | x-qs-storage-class | PAPER |
    Then the answer is 400 invalid_request
    And there is no object "trail.txt"

  @op.PostObject
  Scenario: A policy that is about another form
    When a form uploads "a trail" as "trail.txt" with
      | policy | eyJrZXkiOiAib3RoZXIudHh0In0= |
    Then the answer is 400 form_policy_violated
    And there is no object "trail.txt"

  @op.PostObject
  Scenario: A form that nobody signed needs a bucket in which everybody may write
    Given the caller is anonymous
    When a form uploads "a trail" as "trail.txt"
    Then the answer is 403 permission_denied
    Given the caller is the owner
    And the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "WRITE"}]}
      """
    And the caller is anonymous
    When a form uploads "a trail" as "trail.txt"
    Then the answer is 201
    Given the caller is the owner
    Then the object "trail.txt" holds "a trail"
