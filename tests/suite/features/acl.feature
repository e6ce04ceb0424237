Feature: The access control list of a bucket

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketACL @op.GetBucketACL
  Scenario: Put and read
    When the bucket's ACL is put
      """
      {"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"},
        {"grantee": {"type": "user", "id": "{other_user_id}"}, "permission": "FULL_CONTROL"}]}
      """
    Then the response is 200
    When the bucket's ACL is read
    Then the response is 200
    And the JSON body contains
      """
      {"acl": [
        {"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"},
        {"grantee": {"type": "user", "id": "{other_user_id}"}, "permission": "FULL_CONTROL"}]}
      """

  @op.PutBucketACL
  Scenario: An empty list removes all grants
    Given the object "trail.txt" with content "a trail"
    And the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}]}
      """
    When the bucket's ACL is put
      """
      {"acl": []}
      """
    Then the response is 200
    Given the caller is anonymous
    When the object "trail.txt" is read
    Then the response is 403 permission_denied

  @op.PutBucketACL
  Scenario Outline: Invalid grants are rejected
    When the bucket's ACL is put
      """
      {"acl": [{"grantee": <grantee>, "permission": "<permission>"}]}
      """
    Then the response is a client error

    Examples:
      | grantee                                   | permission |
      | {"type": "group", "name": "QS_ALL_USERS"} | DREAM      |
      | {"type": "group", "name": "QS_NOBODY"}    | READ       |
      | {"type": "herd", "name": "QS_ALL_USERS"}  | READ       |
      | {"type": "user"}                          | READ       |

  @op.PutBucketACL @op.GetBucketACL
  Scenario Outline: Only the owner can put and read the ACL
    Given the caller is <caller>
    When the bucket's ACL is put
      """
      {"acl": []}
      """
    Then the response is 403 permission_denied
    When the bucket's ACL is read
    Then the response is 403 permission_denied

    Examples:
      | caller       |
      | another user |
      | anonymous    |
