Feature: Unusual object keys
  A key is a string, not a path. It is stored exactly as sent: not resolved, normalized or
  truncated.

  In these tables, {U+0020} is the character with that code point, and {k*1023} is a string repeated
  that many times. All other text is literal, except that | and \ are escaped with a backslash.

  Background:
    Given the bucket "alpine-photos"

  @op.PutObject @op.GetObject @op.HeadObject @op.OptionsObject @op.DeleteObject @op.ListObjects
  Scenario Outline: Every operation addresses the object by its exact key
    Given the object "other" with content "unchanged"
    And the key <key>
    When an object is put at the key
    Then the response is 201
    And a listing with the key as prefix contains only the key
    And the object at the key can be requested with GET, HEAD and OPTIONS
    And the presigned URL of the key returns the object
    And the object at the key can be copied to another key and back
    And the object at the key can be moved to another key and back
    And the object at the key can be fetched to another key and back
    When the object at the key is deleted
    Then the response is 204
    When the object at the key is read
    Then the response is 404 object_not_exists
    And the object "other" contains "unchanged"

    Examples: Letters and characters with a meaning in URLs
      | key                  |
      | trail                |
      | a b                  |
      | {U+0020}             |
      | {U+0020}edges{U+0020} |
      | a+b                  |
      | a%2Fb                |
      | a%252Fb              |
      | %                    |
      | 100%                 |
      | a?b                  |
      | a?acl                |
      | ?uploads             |
      | a#b                  |
      | a;b                  |
      | a&b=c                |
      | =                    |
      | a:b@c                |
      | ~-._                 |
      | *                    |

    Examples: Slashes and dots
      | key          |
      | a/b          |
      | a//b         |
      | a///         |
      | folder/      |
      | ...          |
      | .hidden      |
      | a/.../b      |
      | %2e%2e/%2E   |

    Examples: Punctuation
      | key                      |
      | 'single' "double" `back` |
      | back\\slash              |
      | <>{}[]\|^`               |
      | !@#$%^&*()_+{}\|:<>?     |
      | {"json": ["text"]}       |
      | CON                      |

    Examples: Scripts
      | key                               |
      | 中文/测试.txt                     |
      | 한국어 파일                       |
      | 日本語{U+3000}ファイル            |
      | мир                               |
      | ไทย                               |
      | مرحبا بالعالم                     |
      | שלום                              |
      | {U+202E}right to left             |

    Examples: Combining, invisible and control characters
      | key                                    |
      | e{U+0301}                              |
      | {U+00E9}                               |
      | {U+1F44D}{U+1F3FD}                     |
      | {U+1F468}{U+200D}{U+1F469}{U+200D}{U+1F467} |
      | {U+1F1F3}{U+1F1F4}                     |
      | {U+FEFF}byte order mark                |
      | a{U+200B}b                             |
      | tab{U+0009}here                        |
      | line{U+000A}feed{U+000D}               |
      | nul{U+0000}and{U+001F}                 |
      | {U+007F}                               |

    Examples: Maximum length
      | key          |
      | {k*1023}     |
      | {中*341}     |
      | {a/*511}b    |

  Scenario Outline: The client rejects invalid keys, and keys that URL libraries would resolve
    Given the key <key>
    When an object is put at the key
    Then the client rejects the request before sending it
    When the object at the key is deleted
    Then the client rejects the request before sending it

    Examples:
      | key         |
      | /leading    |
      | //leading   |
      | {k*1024}    |
      | {中*341}a    |
      | .           |
      | ..          |
      | ../a        |
      | ./a         |
      | a/..        |
      | a/.         |
      | a/../b      |
      | a/./b       |
      | a//../b     |

  Scenario: The client rejects the empty key, which would address the bucket
    Given the empty key
    When the object at the key is deleted
    Then the client rejects the request before sending it
    When a HEAD request is sent for the bucket "alpine-photos"
    Then the response is 200
