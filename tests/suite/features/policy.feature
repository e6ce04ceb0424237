Feature: Policy of a bucket
  The first statement that matches a request decides. If no statement matches, the ACL decides.

  Background:
    Given the bucket "alpine-photos"
    And the object "open/trail.txt" with content "a trail"
    And the object "closed/plan.txt" with content "a plan"

  @op.PutBucketPolicy @op.GetBucketPolicy @op.DeleteBucketPolicy
  Scenario: Put, read and delete
    When the bucket's policy is put
      """
      {"statement": [
        {"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
          "resource": ["alpine-photos/open/*"],
          "condition": {"string_like": {"Referer": ["*.example1.com", "*.example2.com"]},
            "ip_address": {"source_ip": ["172.16.0.0/24", "172.16.1.1/32"]}}},
        {"id": "a friend lists", "user": ["{other_user_id}"], "action": ["list_objects", "create_object"],
          "effect": "allow", "resource": ["alpine-photos/*"]}]}
      """
    Then the response is 200
    When the bucket's policy is read
    Then the response is 200
    And the JSON body contains
      """
      {"statement": [
        {"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
          "resource": ["alpine-photos/open/*"],
          "condition": {"string_like": {"Referer": ["*.example1.com", "*.example2.com"]},
            "ip_address": {"source_ip": ["172.16.0.0/24", "172.16.1.1/32"]}}},
        {"id": "a friend lists", "user": ["{other_user_id}"], "action": ["list_objects", "create_object"],
          "effect": "allow", "resource": ["alpine-photos/*"]}]}
      """
    When the bucket's policy is deleted
    Then the response is 204
    And the bucket has no policy

  @op.PutBucketPolicy @op.GetObject @op.PutObject
  Scenario: An allow statement permits only its actions and resources
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
        "resource": ["alpine-photos/open/*"]}]}
      """
    And the caller is anonymous
    When the object "open/trail.txt" is read
    Then the response is 200
    When the object "closed/plan.txt" is read
    Then the response is 403 permission_denied
    When the metadata of the object "open/trail.txt" is read
    Then the response is 403
    When the object "open/trail.txt" is put with content "mine"
    Then the response is 403 permission_denied

  @op.PutBucketPolicy
  Scenario: The first matching statement decides
    Given the bucket's policy is
      """
      {"statement": [
        {"id": "not the closed ones", "user": ["*"], "action": ["get_object"], "effect": "deny",
          "resource": ["alpine-photos/closed/*"]},
        {"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
          "resource": ["alpine-photos/*"]}]}
      """
    And the caller is another user
    When the object "open/trail.txt" is read
    Then the response is 200
    When the object "closed/plan.txt" is read
    Then the response is 403 permission_denied

  @op.PutBucketPolicy
  Scenario: A deny statement overrides the ACL
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
    Then the response is 200
    When the object "closed/plan.txt" is read
    Then the response is 403 permission_denied

  @op.PutBucketPolicy
  Scenario: A statement can apply to one user
    Given the bucket's policy is
      """
      {"statement": [{"id": "a friend writes", "user": ["{other_user_id}"], "action": ["create_object"],
        "effect": "allow", "resource": ["alpine-photos/*"]}]}
      """
    And the caller is another user
    When the object "open/gift.txt" is put with content "a gift"
    Then the response is 201
    Given the caller is anonymous
    When the object "open/gift.txt" is put with content "a gift"
    Then the response is 403 permission_denied

  @op.PutBucketPolicy @op.ListObjects
  Scenario: A policy can allow anonymous listing
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests list", "user": ["*"], "action": ["list_objects"], "effect": "allow",
        "resource": ["alpine-photos"]}]}
      """
    And the caller is anonymous
    When the objects are listed
    Then the response is 200

  @op.PutBucketPolicy @op.ListObjects
  Scenario: A policy can allow listing one prefix
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests list", "user": ["*"], "action": ["list_objects"], "effect": "allow",
        "resource": ["alpine-photos/open/*"]}]}
      """
    And the caller is another user
    When the objects are listed with
      | prefix | open/ |
    Then the response is 200
    When the objects are listed
    Then the response is 403 permission_denied

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
    Then the response is <status>

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
  Scenario: After the policy is deleted, the ACL decides
    Given the bucket's policy is
      """
      {"statement": [{"id": "guests read", "user": ["*"], "action": ["get_object"], "effect": "allow",
        "resource": ["alpine-photos/*"]}]}
      """
    When the bucket's policy is deleted
    Given the caller is anonymous
    When the object "open/trail.txt" is read
    Then the response is 403 permission_denied

  @op.PutBucketPolicy
  Scenario Outline: Invalid statements are rejected
    When the bucket's policy is put
      """
      {"statement": [
        {"id": "first", "user": ["*"], "action": ["get_object"], "effect": "allow", "resource": ["alpine-photos/*"]},
        {"id": "<id>", "user": ["*"], "action": ["<action>"], "effect": "<effect>", "resource": [<resource>]}]}
      """
    Then the response is a client error

    Examples:
      | id    | action     | effect | resource          |
      | first | get_object | allow  | "alpine-photos/*" |
      | other | dream      | allow  | "alpine-photos/*" |
      | other | get_object | maybe  | "alpine-photos/*" |
      | other | get_object | allow  |                   |

  @op.PutBucketPolicy @op.GetBucketPolicy @op.DeleteBucketPolicy
  Scenario: Only the owner can manage the policy
    Given the caller is another user
    When the bucket's policy is put
      """
      {"statement": [{"id": "mine", "user": ["*"], "action": ["get_object"], "effect": "allow",
        "resource": ["alpine-photos/*"]}]}
      """
    Then the response is 403 permission_denied
    When the bucket's policy is read
    Then the response is 403 permission_denied
    When the bucket's policy is deleted
    Then the response is 403 permission_denied
