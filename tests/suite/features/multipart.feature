Feature: Uploads in parts
  Parts come in any order and as often as one likes; the object is there when they are put together.

  Background:
    Given the bucket "alpine-photos"

  @op.InitiateMultipartUpload
  Scenario: Beginning
    When an upload of the object "trail.mp4" is begun
    Then the answer is 200
    And the document holds
      """
      {"bucket": "alpine-photos", "key": "trail.mp4"}
      """
    And there is no object "trail.mp4"

  @op.UploadMultipart @op.ListMultipart @op.CompleteMultipartUpload @op.AbortMultipartUpload
  Scenario: From the first part to the object
    Given an upload of the object "trail.mp4"
    When part 0 is uploaded holding "4 MiB of a"
    Then the answer is 201
    And there is a header etag
    When part 1 is uploaded holding "4 MiB of b"
    Then the answer is 201
    When part 2 is uploaded holding "the end"
    Then the answer is 201
    When the parts are listed
    Then the answer is 200
    And the document holds
      """
      {"count": 3, "object_parts": [{"part_number": 0, "size": 4194304},
        {"part_number": 1, "size": 4194304}, {"part_number": 2, "size": 7}]}
      """
    And there is no object "trail.mp4"
    When the upload is completed
    Then the answer is 201
    And the object "trail.mp4" holds "4 MiB of a + 4 MiB of b + the end"
    When the upload is aborted
    Then the answer is 204
    And the object "trail.mp4" holds "4 MiB of a + 4 MiB of b + the end"
    When the object "trail.mp4" is deleted
    Then the answer is 204

  @op.UploadMultipart @op.ListMultipart @op.CompleteMultipartUpload
  Scenario: Any order, with gaps, and again
    Given an upload of the object "trail.mp4"
    And part 10000 holding "the end"
    And part 7 holding "4 MiB of b"
    And part 2 holding "4 MiB of x"
    And part 2 holding "4 MiB of a"
    When the parts are listed
    Then the document holds
      """
      {"object_parts": [{"part_number": 2}, {"part_number": 7}, {"part_number": 10000}]}
      """
    When the upload is completed
    Then the answer is 201
    And the object "trail.mp4" holds "4 MiB of a + 4 MiB of b + the end"

  @op.CompleteMultipartUpload
  Scenario: Parts may be left out
    Given an upload of the object "trail.mp4"
    And part 0 holding "4 MiB of a"
    And part 1 holding "4 MiB of b"
    And part 2 holding "the end"
    When the upload is completed with the parts "0, 2"
    Then the answer is 201
    And the object "trail.mp4" holds "4 MiB of a + the end"

  @op.CompleteMultipartUpload
  Scenario: The tag that the caller gives
    Given an upload of the object "trail.mp4"
    And part 0 holding "the whole"
    When the upload is completed with the tag "0123456789abcdef0123456789abcdef"
    Then the answer is 201
    When the object "trail.mp4" is looked at
    Then the header etag is '"0123456789abcdef0123456789abcdef"'

  @op.CompleteMultipartUpload
  Scenario: Parts that can't be put together
    Given an upload of the object "trail.mp4"
    And part 0 holding "4 MiB of a"
    And part 1 holding "the end"
    When the upload is completed with the parts "0, 5"
    Then the answer is a refusal
    When the upload is completed with the parts "1, 0"
    Then the answer is a refusal
    When the upload is completed, with the tag "0123456789abcdef0123456789abcdef" for part 0
    Then the answer is a refusal
    And there is no object "trail.mp4"
    When the upload is completed
    Then the answer is 201

  @op.CompleteMultipartUpload
  Scenario: Only the last part may be small
    Given an upload of the object "trail.mp4"
    And part 0 holding "too small"
    And part 1 holding "the end"
    When the upload is completed
    Then the answer is 400 entity_too_small
    And there is no object "trail.mp4"

  @op.UploadMultipart
  Scenario: Parts from objects
    Given the object "digits" holding "0123456789"
    And the object "long" holding "4 MiB of a"
    And an upload of the object "copies"
    When part 0 is copied from the object "long"
    Then the answer is 201
    When part 1 is copied from "bytes=2-4" of the object "digits"
    Then the answer is 201
    When the upload is completed
    Then the answer is 201
    And the object "copies" holds "4 MiB of a + 234"

  @op.UploadMultipart
  Scenario: A part from an object that there is not
    Given an upload of the object "copies"
    When part 0 is copied from the object "never put"
    Then the answer is 404 object_not_exists

  @op.ListMultipart
  Scenario: Parts in pages
    Given an upload of the object "trail.mp4"
    And part 0 holding "a"
    And part 1 holding "b"
    And part 2 holding "c"
    When the parts after 0 are listed, at most 1
    Then the answer is 200
    And the document holds
      """
      {"object_parts": [{"part_number": 1, "size": 1}]}
      """

  @op.UploadMultipart
  Scenario: A number that no part may have
    Given an upload of the object "trail.mp4" that nobody began
    When part 10001 is uploaded holding "a"
    Then the answer is 400 invalid_argument

  @op.UploadMultipart @op.ListMultipart @op.AbortMultipartUpload @op.CompleteMultipartUpload
  Scenario: An upload that nobody began
    Given an upload of the object "trail.mp4" that nobody began
    When part 0 is uploaded holding "a"
    Then the answer is 404 upload_not_exists
    When the parts are listed
    Then the answer is 404 upload_not_exists
    When the upload is completed with the parts "0"
    Then the answer is 404 upload_not_exists
    When the upload is aborted
    Then the answer is 204

  @op.AbortMultipartUpload
  Scenario: An upload that was given up
    Given an upload of the object "trail.mp4"
    And part 0 holding "a"
    When the upload is aborted
    Then the answer is 204
    When the upload is aborted
    Then the answer is 204
    When the parts are listed
    Then the answer is 404 upload_not_exists
    And there is no object "trail.mp4"

  @op.InitiateMultipartUpload
  Scenario: What describes the content is given at the beginning
    Given an upload of the object "trail.mp4" with
      | Content-Type       | video/mp4   |
      | x-qs-storage-class | STANDARD_IA |
      | x-qs-meta-guide    | lin         |
    And part 0 holding "the whole"
    When the upload is completed
    Then the answer is 201
    When the object "trail.mp4" is looked at
    Then the header content-type is "video/mp4"
    And the header x-qs-storage-class is "STANDARD_IA"
    And the header x-qs-meta-guide is "lin"

  @op.InitiateMultipartUpload @op.UploadMultipart @op.AbortMultipartUpload
  Scenario: Uploads are for those who may write
    Given an upload of the object "trail.mp4"
    And the caller is a stranger
    When part 0 is uploaded holding "mine"
    Then the answer is 403 permission_denied
    When the parts are listed
    Then the answer is 403 permission_denied
    When the upload is aborted
    Then the answer is 403 permission_denied
    When an upload of the object "mine" is begun
    Then the answer is 403 permission_denied
