Feature: Multipart uploads
  Parts can be uploaded in any order and replaced. The object exists once the upload is completed.

  Background:
    Given the bucket "alpine-photos"

  @op.InitiateMultipartUpload
  Scenario: Initiate an upload
    When a multipart upload of the object "trail.mp4" is initiated
    Then the response is 200
    And the JSON body contains
      """
      {"bucket": "alpine-photos", "key": "trail.mp4"}
      """
    And the object "trail.mp4" does not exist

  @op.UploadMultipart @op.ListMultipart @op.CompleteMultipartUpload @op.AbortMultipartUpload
  Scenario: Upload parts and complete the upload
    Given a multipart upload of the object "trail.mp4"
    When part 0 is uploaded with content "4 MiB of a"
    Then the response is 201
    And the header etag is present
    When part 1 is uploaded with content "4 MiB of b"
    Then the response is 201
    When part 2 is uploaded with content "the end"
    Then the response is 201
    When the parts are listed
    Then the response is 200
    And the JSON body contains
      """
      {"count": 3, "object_parts": [{"part_number": 0, "size": 4194304},
        {"part_number": 1, "size": 4194304}, {"part_number": 2, "size": 7}]}
      """
    And the object "trail.mp4" does not exist
    When the upload is completed
    Then the response is 201
    And the object "trail.mp4" contains "4 MiB of a + 4 MiB of b + the end"
    When the upload is aborted
    Then the response is 204
    And the object "trail.mp4" contains "4 MiB of a + 4 MiB of b + the end"
    When the object "trail.mp4" is deleted
    Then the response is 204

  @op.UploadMultipart @op.ListMultipart @op.CompleteMultipartUpload
  Scenario: Parts can be uploaded out of order, with gaps, and replaced
    Given a multipart upload of the object "trail.mp4"
    And part 10000 with content "the end"
    And part 7 with content "4 MiB of b"
    And part 2 with content "4 MiB of x"
    And part 2 with content "4 MiB of a"
    When the parts are listed
    Then the JSON body contains
      """
      {"object_parts": [{"part_number": 2}, {"part_number": 7}, {"part_number": 10000}]}
      """
    When the upload is completed
    Then the response is 201
    And the object "trail.mp4" contains "4 MiB of a + 4 MiB of b + the end"

  @op.CompleteMultipartUpload
  Scenario: Completing can omit parts
    Given a multipart upload of the object "trail.mp4"
    And part 0 with content "4 MiB of a"
    And part 1 with content "4 MiB of b"
    And part 2 with content "the end"
    When the upload is completed with the parts "0, 2"
    Then the response is 201
    And the object "trail.mp4" contains "4 MiB of a + the end"

  @op.CompleteMultipartUpload
  Scenario: Completing can set the ETag of the object
    Given a multipart upload of the object "trail.mp4"
    And part 0 with content "the whole"
    When the upload is completed with the ETag "0123456789abcdef0123456789abcdef"
    Then the response is 201
    When the metadata of the object "trail.mp4" is read
    Then the header etag is '"0123456789abcdef0123456789abcdef"'

  @op.CompleteMultipartUpload
  Scenario: Completing with an invalid part list fails
    Given a multipart upload of the object "trail.mp4"
    And part 0 with content "4 MiB of a"
    And part 1 with content "the end"
    When the upload is completed with the parts "0, 5"
    Then the response is a client error
    When the upload is completed with the parts "1, 0"
    Then the response is a client error
    When the upload is completed with the ETag "0123456789abcdef0123456789abcdef" for part 0
    Then the response is a client error
    And the object "trail.mp4" does not exist
    When the upload is completed
    Then the response is 201

  @op.CompleteMultipartUpload
  Scenario: Only the last part can be smaller than the minimum size
    Given a multipart upload of the object "trail.mp4"
    And part 0 with content "too small"
    And part 1 with content "the end"
    When the upload is completed
    Then the response is 400 entity_too_small
    And the object "trail.mp4" does not exist

  @op.UploadMultipart
  Scenario: Copy parts from objects
    Given the object "digits" with content "0123456789"
    And the object "long" with content "4 MiB of a"
    And a multipart upload of the object "copies"
    When part 0 is copied from the object "long"
    Then the response is 201
    When part 1 is copied from "bytes=2-4" of the object "digits"
    Then the response is 201
    When the upload is completed
    Then the response is 201
    And the object "copies" contains "4 MiB of a + 234"

  @op.UploadMultipart
  Scenario: Copying a part from a missing object fails
    Given a multipart upload of the object "copies"
    When part 0 is copied from the object "missing"
    Then the response is 404 object_not_exists

  @op.ListMultipart
  Scenario: List parts in pages
    Given a multipart upload of the object "trail.mp4"
    And part 0 with content "a"
    And part 1 with content "b"
    And part 2 with content "c"
    When the parts after 0 are listed with limit 1
    Then the response is 200
    And the JSON body contains
      """
      {"object_parts": [{"part_number": 1, "size": 1}]}
      """

  @op.UploadMultipart
  Scenario: A part number above 10000 is rejected
    Given a multipart upload of the object "trail.mp4" that was never initiated
    When part 10001 is uploaded with content "a"
    Then the response is 400 invalid_argument

  @op.UploadMultipart @op.ListMultipart @op.AbortMultipartUpload @op.CompleteMultipartUpload
  Scenario: Requests for an unknown upload fail, except aborting it
    Given a multipart upload of the object "trail.mp4" that was never initiated
    When part 0 is uploaded with content "a"
    Then the response is 404 upload_not_exists
    When the parts are listed
    Then the response is 404 upload_not_exists
    When the upload is completed with the parts "0"
    Then the response is 404 upload_not_exists
    When the upload is aborted
    Then the response is 204

  @op.AbortMultipartUpload
  Scenario: Abort an upload
    Given a multipart upload of the object "trail.mp4"
    And part 0 with content "a"
    When the upload is aborted
    Then the response is 204
    When the upload is aborted
    Then the response is 204
    When the parts are listed
    Then the response is 404 upload_not_exists
    And the object "trail.mp4" does not exist

  @op.InitiateMultipartUpload
  Scenario: Metadata is set when the upload is initiated
    Given a multipart upload of the object "trail.mp4" with
      | Content-Type       | video/mp4   |
      | x-qs-storage-class | STANDARD_IA |
      | x-qs-meta-guide    | lin         |
    And part 0 with content "the whole"
    When the upload is completed
    Then the response is 201
    When the metadata of the object "trail.mp4" is read
    Then the header content-type is "video/mp4"
    And the header x-qs-storage-class is "STANDARD_IA"
    And the header x-qs-meta-guide is "lin"

  @op.InitiateMultipartUpload @op.UploadMultipart @op.AbortMultipartUpload
  Scenario: Multipart uploads require write permission
    Given a multipart upload of the object "trail.mp4"
    And the caller is another user
    When part 0 is uploaded with content "mine"
    Then the response is 403 permission_denied
    When the parts are listed
    Then the response is 403 permission_denied
    When the upload is aborted
    Then the response is 403 permission_denied
    When a multipart upload of the object "mine" is initiated
    Then the response is 403 permission_denied
