Feature: Hard keys
  A key is a text, not a path: what is sent is what is stored, and nothing is resolved, folded or
  cut.

  In these tables {U+0020} is a character by its number, where it could not be seen, and {k*1023}
  is a text so many times. All else is as it stands, but for | and \, which a table writes with a
  backslash before them.

  Background:
    Given the bucket "alpine-photos"

  @op.PutObject @op.GetObject @op.HeadObject @op.OptionsObject @op.DeleteObject @op.ListObjects
  Scenario Outline: Every call finds the object of its key
    Given the object "plain neighbour" holding "left alone"
    And the key <key>
    When an object is put under the key
    Then the answer is 201
    And a listing shows the key alone
    And the object of the key can be read, looked at and asked about
    And the signed URL of the key leads to the object
    And the object of the key can be copied elsewhere, and back
    And the object of the key can be moved elsewhere, and back
    And the object of the key can be fetched elsewhere, and back
    When the object of the key is deleted
    Then the answer is 204
    When the object of the key is read
    Then the answer is 404 object_not_exists
    And the object "plain neighbour" holds "left alone"

    Examples: Letters, and what a URL gives a meaning to
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

    Examples: Signs
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

    Examples: Characters made of several, and of none
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

    Examples: As long as a key may be
      | key          |
      | {k*1023}     |
      | {中*341}     |
      | {a/*511}b    |

  Scenario Outline: Keys that no object may have
    Given the key <key>
    When an object is put under the key
    Then the answer is 400 invalid_object_name

    Examples:
      | key         |
      | /leading    |
      | //leading   |
      | {k*1024}    |
      | {中*341}a   |

  Scenario Outline: Keys that libraries would resolve to another object never leave
    Given the key <key>
    When an object is put under the key
    Then the call is refused before it is sent
    When the object of the key is deleted
    Then the call is refused before it is sent

    Examples:
      | key     |
      | .       |
      | ..      |
      | ../a    |
      | ./a     |
      | a/..    |
      | a/.     |
      | a/../b  |
      | a/./b   |
      | a//../b |

  Scenario: The empty key would be the bucket
    Given the empty key
    When the object of the key is deleted
    Then the call is refused before it is sent
    When the bucket "alpine-photos" is looked at
    Then the answer is 200
