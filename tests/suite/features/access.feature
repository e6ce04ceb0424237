Feature: Who may do what
  The owner may do everything; others may do what the access control list grants them.

  Background:
    Given the bucket "alpine-photos"
    And the object "trail.txt" holding "a trail"

  @op.GetObject @op.HeadObject @op.ListObjects @op.PutObject @op.DeleteObject
  Scenario Outline: Without a grant nobody else may do anything
    Given the caller is <who>
    When the object "trail.txt" is read
    Then the answer is 403 permission_denied
    When the object "trail.txt" is looked at
    Then the answer is 403
    When the objects are listed
    Then the answer is 403 permission_denied
    When the object "trail.txt" is put holding "mine"
    Then the answer is 403 permission_denied
    When the object "trail.txt" is deleted
    Then the answer is 403 permission_denied

    Examples:
      | who       |
      | stranger  |
      | anonymous |

  @op.GetObject @op.HeadObject @op.PutObject @op.ListObjects
  Scenario: Everybody may read
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}]}
      """
    And the caller is anonymous
    When the object "trail.txt" is read
    Then the answer is 200
    And the content is "a trail"
    When the object "trail.txt" is looked at
    Then the answer is 200
    When the object "trail.txt" is put holding "mine"
    Then the answer is 403 permission_denied
    When the objects are listed
    Then the answer is 403 permission_denied

  @op.GetObject
  Scenario: What overrides headers must be signed
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}]}
      """
    And the caller is anonymous
    When the object "trail.txt" is read as the type "text/html", to be saved as "trail.html"
    Then the answer is 403 permission_denied

  @op.PutObject @op.DeleteObject @op.DeleteMultipleObjects @op.GetObject
  Scenario: Everybody may write, and yet not everything
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "WRITE"}]}
      """
    And the caller is anonymous
    When the object "guest.txt" is put holding "from a guest"
    Then the answer is 201
    When the object "guest.txt" is read
    Then the answer is 403 permission_denied
    When the object "guest.txt" is put with
      | x-qs-meta-guide | lin |
    Then the answer is 403 permission_denied
    When the object "guest.txt" is deleted
    Then the answer is 403 permission_denied
    When the objects "guest.txt" are deleted at once
    Then the answer is 403 permission_denied
    Given the caller is the owner
    Then the object "guest.txt" holds "from a guest"

  @op.ListObjects @op.PutObject @op.DeleteObject @op.GetBucketACL @op.GetBucketStatistics
  Scenario: A user who was granted everything is still no owner
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "user", "id": "{stranger}"}, "permission": "FULL_CONTROL"}]}
      """
    And the caller is a stranger
    When the objects are listed
    Then the answer is 200
    When the object "guest.txt" is put holding "from a guest"
    Then the answer is 201
    When the object "guest.txt" is deleted
    Then the answer is 204
    When the bucket's ACL is read
    Then the answer is 403 permission_denied
    When the figures of the bucket are read
    Then the answer is 403 permission_denied

  @op.GetObject
  Scenario: Who signs is judged as who they are
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "user", "id": "{stranger}"}, "permission": "READ"}]}
      """
    And the caller is anonymous
    When the object "trail.txt" is read
    Then the answer is 403 permission_denied
    Given the caller is a stranger
    When the object "trail.txt" is read
    Then the answer is 200
