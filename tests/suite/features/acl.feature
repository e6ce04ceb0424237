Feature: The access control list of a bucket

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketACL @op.GetBucketACL
  Scenario: Put and read
    When the bucket's ACL is put
      """
      {"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"},
        {"grantee": {"type": "user", "id": "{stranger}"}, "permission": "FULL_CONTROL"}]}
      """
    Then the answer is 200
    When the bucket's ACL is read
    Then the answer is 200
    And the document holds
      """
      {"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"},
        {"grantee": {"type": "user", "id": "{stranger}"}, "permission": "FULL_CONTROL"}]}
      """

  @op.PutBucketACL
  Scenario: An empty list closes the bucket again
    Given the object "trail.txt" holding "a trail"
    And the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}]}
      """
    When the bucket's ACL is put
      """
      {"acl": []}
      """
    Then the answer is 200
    Given the caller is anonymous
    When the object "trail.txt" is read
    Then the answer is 403 permission_denied

  @op.PutBucketACL
  Scenario Outline: Grants that make no sense
    When the bucket's ACL is put
      """
      {"acl": [{"grantee": <grantee>, "permission": "<permission>"}]}
      """
    Then the answer is a refusal

    Examples:
      | grantee                                   | permission |
      | {"type": "group", "name": "QS_ALL_USERS"} | DREAM      |
      | {"type": "group", "name": "QS_NOBODY"}    | READ       |
      | {"type": "herd", "name": "QS_ALL_USERS"}  | READ       |
      | {"type": "user"}                          | READ       |

  @op.PutBucketACL @op.GetBucketACL
  Scenario Outline: Only the owner may
    Given the caller is <who>
    When the bucket's ACL is put
      """
      {"acl": []}
      """
    Then the answer is 403 permission_denied
    When the bucket's ACL is read
    Then the answer is 403 permission_denied

    Examples:
      | who       |
      | stranger  |
      | anonymous |
