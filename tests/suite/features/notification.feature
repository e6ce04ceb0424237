Feature: Notifications of a bucket

  Background:
    Given the bucket "alpine-photos"

  @op.PutBucketNotification @op.GetBucketNotification @op.DeleteBucketNotification
  Scenario: Put, read and delete
    When the bucket's notifications are put
      """
      {"notifications": [
        {"id": "tell", "event_types": ["create_object", "delete_object"], "cloudfunc": "notifier",
          "object_filters": ["*"], "notify_url": "http://example.com/told"},
        {"id": "shrink", "event_types": ["create_object"], "cloudfunc": "image",
          "object_filters": ["*.png"],
          "cloudfunc_args": {"action": "resize:w_100", "key_prefix": "small", "save_bucket": "alpine-photos"}}]}
      """
    Then the response is 200
    When the bucket's notifications are read
    Then the response is 200
    And the JSON body contains
      """
      {"notifications": [
        {"id": "tell", "event_types": ["create_object", "delete_object"], "cloudfunc": "notifier",
          "object_filters": ["*"], "notify_url": "http://example.com/told"},
        {"id": "shrink", "event_types": ["create_object"], "cloudfunc": "image",
          "object_filters": ["*.png"],
          "cloudfunc_args": {"action": "resize:w_100", "key_prefix": "small", "save_bucket": "alpine-photos"}}]}
      """
    When the bucket's notifications are deleted
    Then the response is 204
    And the bucket has no notifications

  @op.PutBucketNotification
  Scenario: An unknown event type is rejected
    When the bucket's notifications are put
      """
      {"notifications": [{"id": "tell", "event_types": ["dream"], "cloudfunc": "notifier"}]}
      """
    Then the response is a client error

  @op.PutBucketNotification @op.GetBucketNotification @op.DeleteBucketNotification
  Scenario: Only the owner can manage notifications
    Given the caller is another user
    When the bucket's notifications are put
      """
      {"notifications": [{"id": "tell", "event_types": ["create_object"], "cloudfunc": "notifier"}]}
      """
    Then the response is 403 permission_denied
    When the bucket's notifications are read
    Then the response is 403 permission_denied
    When the bucket's notifications are deleted
    Then the response is 403 permission_denied
