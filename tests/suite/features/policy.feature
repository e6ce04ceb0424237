Feature: The policy of a bucket
  The first statement that fits a request decides; if none does, the access control list does.

  Background:
    Given the bucket "alpine-photos"
    And the object "open/trail.txt" holding "a trail"
    And the object "closed/plan.txt" holding "a plan"

  @op.PutBucketPolicy @op.GetBucketPolicy @op.DeleteBucketPolicy
  Scenario: Put, read and delete
    When the bucket's policy is put
      """
      {"statement": [
        {"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
          "resource": ["alpine-photos/open/*"],
          "condition": {"string_like": {"Referer": ["*.example1.com", "*.example2.com"]},
            "ip_address": {"source_ip": ["172.16.0.0/24", "172.16.1.1/32"]}}},
        {"id": "a friend lists", "user": ["{stranger}"], "action": ["list_objects", "create_object"],
          "effect": "allow", "resource": ["alpine-photos/*"]}]}
      """
    Then the answer is 200
    When the bucket's policy is read
    Then the answer is 200
    And the document holds
      """
      {"statement": [
        {"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
          "resource": ["alpine-photos/open/*"],
          "condition": {"string_like": {"Referer": ["*.example1.com", "*.example2.com"]},
            "ip_address": {"source_ip": ["172.16.0.0/24", "172.16.1.1/32"]}}},
        {"id": "a friend lists", "user": ["{stranger}"], "action": ["list_objects", "create_object"],
          "effect": "allow", "resource": ["alpine-photos/*"]}]}
      """
    When the bucket's policy is deleted
    Then the answer is 204
    And the bucket has no policy

  @op.PutBucketPolicy @op.GetObject @op.PutObject
  Scenario: What is allowed, and nothing else
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
        "resource": ["alpine-photos/open/*"]}]}
      """
    And the caller is anonymous
    When the object "open/trail.txt" is read
    Then the answer is 200
    When the object "closed/plan.txt" is read
    Then the answer is 403 permission_denied
    When the object "open/trail.txt" is looked at
    Then the answer is 403
    When the object "open/trail.txt" is put holding "mine"
    Then the answer is 403 permission_denied

  @op.PutBucketPolicy
  Scenario: The first statement that fits decides
    Given the bucket's policy is
      """
      {"statement": [
        {"id": "not the closed ones", "user": ["*"], "action": ["get_object"], "effect": "deny",
          "resource": ["alpine-photos/closed/*"]},
        {"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
          "resource": ["alpine-photos/*"]}]}
      """
    And the caller is a stranger
    When the object "open/trail.txt" is read
    Then the answer is 200
    When the object "closed/plan.txt" is read
    Then the answer is 403 permission_denied

  @op.PutBucketPolicy
  Scenario: A denial outranks the access control list
    Given the bucket's ACL is
      """
      {"acl": [{"grantee": {"type": "group", "name": "QS_ALL_USERS"}, "permission": "READ"}]}
      """
    And the bucket's policy is
      """
      {"statement": [{"id": "not the closed ones", "user": ["*"], "action": ["get_object"],
        "effect": "deny", "resource": ["alpine-photos/closed/*"]}]}
      """
    And the caller is anonymous
    When the object "open/trail.txt" is read
    Then the answer is 200
    When the object "closed/plan.txt" is read
    Then the answer is 403 permission_denied

  @op.PutBucketPolicy
  Scenario: A statement about one user
    Given the bucket's policy is
      """
      {"statement": [{"id": "a friend writes", "user": ["{stranger}"], "action": ["create_object"],
        "effect": "allow", "resource": ["alpine-photos/*"]}]}
      """
    And the caller is a stranger
    When the object "open/gift.txt" is put holding "a gift"
    Then the answer is 201
    Given the caller is anonymous
    When the object "open/gift.txt" is put holding "a gift"
    Then the answer is 403 permission_denied

  @op.PutBucketPolicy @op.ListObjects
  Scenario: Everybody may list, if a policy says so
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests list", "user": ["*"], "action": ["list_objects"], "effect": "allow",
        "resource": ["alpine-photos"]}]}
      """
    And the caller is anonymous
    When the objects are listed
    Then the answer is 200

  @op.PutBucketPolicy @op.ListObjects
  Scenario: A listing of one folder
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests list", "user": ["*"], "action": ["list_objects"], "effect": "allow",
        "resource": ["alpine-photos/open/*"]}]}
      """
    And the caller is a stranger
    When the objects are listed with
      | prefix | open/ |
    Then the answer is 200
    When the objects are listed
    Then the answer is 403 permission_denied

  @op.PutBucketPolicy
  Scenario Outline: Conditions
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
        "resource": ["alpine-photos/*"], "condition": <condition>}]}
      """
    And the caller is anonymous
    When the object "open/trail.txt" is read with
      | Referer | http://www.example.com |
    Then the answer is <status>

    Examples:
      | condition                                              | status |
      | {"string_like": {"Referer": ["*.example.com"]}}        | 200    |
      | {"string_like": {"Referer": ["*.example.org"]}}        | 403    |
      | {"string_not_like": {"Referer": ["*.example.com"]}}    | 403    |
      | {"string_not_like": {"Referer": ["*.example.org"]}}    | 200    |
      | {"ip_address": {"source_ip": ["127.0.0.0/8"]}}         | 200    |
      | {"ip_address": {"source_ip": ["172.16.0.0/24"]}}       | 403    |
      | {"not_ip_address": {"source_ip": ["127.0.0.0/8"]}}     | 403    |
      | {"not_ip_address": {"source_ip": ["172.16.0.0/24"]}}   | 200    |
      | {"is_null": {"Referer": true}}                         | 403    |
      | {"is_null": {"Referer": false}}                        | 200    |
      | {"is_null": {"Referer": false}, "ip_address": {"source_ip": ["172.16.0.0/24"]}} | 403 |

  @op.DeleteBucketPolicy
  Scenario: Without a policy the access control list decides again
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
        "resource": ["alpine-photos/*"]}]}
      """
    When the bucket's policy is deleted
    Given the caller is anonymous
    When the object "open/trail.txt" is read
    Then the answer is 403 permission_denied

  @op.PutBucketPolicy
  Scenario Outline: Statements that make no sense
    When the bucket's policy is put
      """
      {"statement": [
        {"id": "first", "user": ["*"], "action": ["get_object"], "effect": "allow", "resource": ["alpine-photos/*"]},
        {"id": "<id>", "user": ["*"], "action": ["<action>"], "effect": "<effect>", "resource": [<resource>]}]}
      """
    Then the answer is a refusal

    Examples:
      | id    | action     | effect | resource          |
      | first | get_object | allow  | "alpine-photos/*" |
      | other | dream      | allow  | "alpine-photos/*" |
      | other | get_object | maybe  | "alpine-photos/*" |
      | other | get_object | allow  |                   |

  @op.PutBucketPolicy @op.GetBucketPolicy @op.DeleteBucketPolicy
  Scenario: Only the owner may
    Given the caller is a stranger
    When the bucket's policy is put
      """
      {"statement": [{"id": "mine", "user": ["*"], "action": ["get_object"], "effect": "allow",
        "resource": ["alpine-photos/*"]}]}
      """
    Then the answer is 403 permission_denied
    When the bucket's policy is read
    Then the answer is 403 permission_denied
    When the bucket's policy is deleted
    Then the answer is 403 permission_denied
