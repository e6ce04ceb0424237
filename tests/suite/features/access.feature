Feature: Access control
  The owner has every permission. Other callers have the permissions that the ACL grants them.

  Background:
    Given the bucket "alpine-photos"
    And the object "trail.txt" with content "a trail"

  @op.GetObject @op.HeadObject @op.ListObjects @op.PutObject @op.DeleteObject
  Scenario Outline: Without a grant, only the owner has access
    Given the caller is <caller>
    When the object "trail.txt" is read
    Then the response is 403 permission_denied
    When the metadata of the object "trail.txt" is read
    Then the response is 403
    When the objects are listed
    Then the response is 403 permission_denied
    When the object "trail.txt" is put with content "mine"
    Then the response is 403 permission_denied
    When the object "trail.txt" is deleted
    Then the response is 403 permission_denied

    Examples:
      | caller       |
      | another user |
      | anonymous    |

  @op.GetObject @op.HeadObject @op.PutObject @op.ListObjects
  Scenario: A public READ grant allows reading only
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}]}
      """
    And the caller is anonymous
    When the object "trail.txt" is read
    Then the response is 200
    And the content is "a trail"
    When the metadata of the object "trail.txt" is read
    Then the response is 200
    When the object "trail.txt" is put with content "mine"
    Then the response is 403 permission_denied
    When the objects are listed
    Then the response is 403 permission_denied

  @op.GetObject
  Scenario: An anonymous request cannot override response headers
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}]}
      """
    And the caller is anonymous
    When the object "trail.txt" is read with the response type "text/html" and the file name "trail.html"
    Then the response is 403 permission_denied

  @op.PutObject @op.DeleteObject @op.DeleteMultipleObjects @op.GetObject
  Scenario: A public WRITE grant allows plain uploads only
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "WRITE"}]}
      """
    And the caller is anonymous
    When the object "guest.txt" is put with content "from a guest"
    Then the response is 201
    When the object "guest.txt" is read
    Then the response is 403 permission_denied
    When the object "guest.txt" is put with
      | x-qs-meta-guide | lin |
    Then the response is 403 permission_denied
    When the object "guest.txt" is deleted
    Then the response is 403 permission_denied
    When the objects "guest.txt" are deleted in one batch
    Then the response is 403 permission_denied
    Given the caller is the owner
    Then the object "guest.txt" contains "from a guest"

  @op.ListObjects @op.PutObject @op.DeleteObject @op.GetBucketACL @op.GetBucketStatistics
  Scenario: FULL_CONTROL does not make a user the owner
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "user", "id": "{other_user_id}"}, "permission": "FULL_CONTROL"}]}
      """
    And the caller is another user
    When the objects are listed
    Then the response is 200
    When the object "guest.txt" is put with content "from a guest"
    Then the response is 201
    When the object "guest.txt" is deleted
    Then the response is 204
    When the bucket's ACL is read
    Then the response is 403 permission_denied
    When the statistics of the bucket are read
    Then the response is 403 permission_denied

  @op.GetObject
  Scenario: A grant to one user applies to requests that this user signs
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "user", "id": "{other_user_id}"}, "permission": "READ"}]}
      """
    And the caller is anonymous
    When the object "trail.txt" is read
    Then the response is 403 permission_denied
    Given the caller is another user
    When the object "trail.txt" is read
    Then the response is 200
