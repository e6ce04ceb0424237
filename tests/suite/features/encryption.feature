Feature: Encryption with customer-provided keys
  The service stores the digest of a key, never the key. In these scenarios, a key is one letter
  repeated 32 times. The key "x" is the example of the official scenarios.

  Background:
    Given the bucket "alpine-photos"

  @op.PutObject @op.GetObject @op.HeadObject
  Scenario: Put and read with a key
    When the object "secret" is put with content "a secret", encrypted with the key "x"
    Then the response is 201
    And the header x-qs-encryption-customer-algorithm is "AES256"
    When the object "secret" is read with the key "x"
    Then the response is 200
    And the content is "a secret"
    And the header x-qs-encryption-customer-algorithm is "AES256"
    When the metadata of the object "secret" is read with the key "x"
    Then the response is 200
    When the metadata of the object "secret" is read
    Then the response is 200
    And the header content-length is "8"
    And the header x-qs-encryption-customer-algorithm is "AES256"

  @op.GetObject @op.HeadObject
  Scenario: Reading requires the key of the object
    Given the object "secret" with content "a secret", encrypted with the key "x"
    When the object "secret" is read
    Then the response is a client error
    When the object "secret" is read with the key "y"
    Then the response is a client error
    When the metadata of the object "secret" is read with the key "y"
    Then the response is a client error

  @op.PutObject
  Scenario: A digest that does not match the key is rejected
    When the object "secret" is put with the key "x" and the MD5 digest of the key "y"
    Then the response is a client error
    And the object "secret" does not exist

  @op.GetObject
  Scenario: Read a range of an encrypted object
    Given the object "secret" with content "0123456789", encrypted with the key "x"
    When "bytes=2-4" of the object "secret" is read with the key "x"
    Then the response is 206
    And the content is "234"

  @op.ListObjects
  Scenario: A listing shows which objects are encrypted
    Given the object "secret" with content "a secret", encrypted with the key "x"
    And the object "known" with content "no secret"
    When the objects are listed
    Then the JSON body contains
      """
      {"keys": [{"key": "known", "encrypted": false}, {"key": "secret", "encrypted": true}]}
      """

  @op.PutObject
  Scenario: A copy can change, remove or add the key
    Given the object "secret" with content "a secret", encrypted with the key "x"
    When the object "secret" is copied to "other", decrypted with "x", encrypted with "y"
    Then the response is 201
    When the object "other" is read with the key "y"
    Then the content is "a secret"
    When the object "secret" is copied to "known", decrypted with "x"
    Then the response is 201
    And the object "known" contains "a secret"
    When the object "known" is copied to "hidden", encrypted with "y"
    Then the response is 201
    When the object "hidden" is read with the key "y"
    Then the content is "a secret"
    When the object "secret" is copied to "never"
    Then the response is a client error
    And the object "never" does not exist

  @op.PutObject
  Scenario: A move needs no key and keeps the encryption
    Given the object "secret" with content "a secret", encrypted with the key "x"
    When the object "secret" is moved to "moved"
    Then the response is 201
    When the object "moved" is read with the key "x"
    Then the content is "a secret"

  @op.InitiateMultipartUpload @op.UploadMultipart @op.CompleteMultipartUpload
  Scenario: Parts must use the key of their multipart upload
    Given a multipart upload of the object "secret", encrypted with the key "x"
    Then the header x-qs-encryption-customer-algorithm is "AES256"
    When part 0 is uploaded with content "a secret", encrypted with the key "y"
    Then the response is a client error
    When part 0 is uploaded with content "a secret", encrypted with the key "x"
    Then the response is 201
    When the upload is completed
    Then the response is 201
    When the object "secret" is read with the key "x"
    Then the content is "a secret"

  @op.ImageProcess
  Scenario: Encrypted images cannot be processed
    Given the object "secret.png" with content "not an image", encrypted with the key "x"
    When the object "secret.png" is processed with "info"
    Then the response is a client error
