Feature: Encryption with the caller's keys
  The service keeps the digest of a key, and never the key. Keys are 32 times a letter here: x is
  the example of the official scenarios.

  Background:
    Given the bucket "alpine-photos"

  @op.PutObject @op.GetObject @op.HeadObject
  Scenario: Put, look and read
    When the object "secret" is put holding "a secret", encrypted with the key "x"
    Then the answer is 201
    And the header x-qs-encryption-customer-algorithm is "AES256"
    When the object "secret" is read with the key "x"
    Then the answer is 200
    And the content is "a secret"
    And the header x-qs-encryption-customer-algorithm is "AES256"
    When the object "secret" is looked at with the key "x"
    Then the answer is 200
    When the object "secret" is looked at
    Then the answer is 200
    And the header content-length is "8"
    And the header x-qs-encryption-customer-algorithm is "AES256"

  @op.GetObject @op.HeadObject
  Scenario: Without the key, and with another
    Given the object "secret" holding "a secret", encrypted with the key "x"
    When the object "secret" is read
    Then the answer is a refusal
    When the object "secret" is read with the key "y"
    Then the answer is a refusal
    When the object "secret" is looked at with the key "y"
    Then the answer is a refusal

  @op.PutObject
  Scenario: A digest of another key
    When the object "secret" is put with the key "x" and the digest of "y"
    Then the answer is a refusal
    And there is no object "secret"

  @op.GetObject
  Scenario: A part of an encrypted object
    Given the object "secret" holding "0123456789", encrypted with the key "x"
    When "bytes=2-4" of the object "secret" is read with the key "x"
    Then the answer is 206
    And the content is "234"

  @op.ListObjects
  Scenario: A listing tells which objects are encrypted
    Given the object "secret" holding "a secret", encrypted with the key "x"
    And the object "known" holding "no secret"
    When the objects are listed
    Then the document holds
      """
      {"keys": [{"key": "known", "encrypted": false}, {"key": "secret", "encrypted": true}]}
      """

  @op.PutObject
  Scenario: Copies take another key, or none
    Given the object "secret" holding "a secret", encrypted with the key "x"
    When the object "secret" is copied to "other", decrypted with "x", encrypted with "y"
    Then the answer is 201
    When the object "other" is read with the key "y"
    Then the content is "a secret"
    When the object "secret" is copied to "known", decrypted with "x"
    Then the answer is 201
    And the object "known" holds "a secret"
    When the object "known" is copied to "hidden", encrypted with "y"
    Then the answer is 201
    When the object "hidden" is read with the key "y"
    Then the content is "a secret"
    When the object "secret" is copied to "never"
    Then the answer is a refusal
    And there is no object "never"

  @op.PutObject
  Scenario: A move needs no key, and keeps it
    Given the object "secret" holding "a secret", encrypted with the key "x"
    When the object "secret" is moved to "moved"
    Then the answer is 201
    When the object "moved" is read with the key "x"
    Then the content is "a secret"

  @op.InitiateMultipartUpload @op.UploadMultipart @op.CompleteMultipartUpload
  Scenario: Parts take the key of their upload
    Given an upload of the object "secret", encrypted with the key "x"
    Then the header x-qs-encryption-customer-algorithm is "AES256"
    When part 0 is uploaded holding "a secret", encrypted with the key "y"
    Then the answer is a refusal
    When part 0 is uploaded holding "a secret", encrypted with the key "x"
    Then the answer is 201
    When the upload is completed
    Then the answer is 201
    When the object "secret" is read with the key "x"
    Then the content is "a secret"

  @op.ImageProcess
  Scenario: An encrypted picture is not processed
    Given the object "secret.png" holding "no picture", encrypted with the key "x"
    When the object "secret.png" is processed by "info"
    Then the answer is a refusal
