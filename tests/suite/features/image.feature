Feature: Pictures
  A picture of 400 by 300 pixels, and what can be made of it.

  Background:
    Given the bucket "alpine-photos"
    And the picture "trail.png"

  @op.ImageProcess
  Scenario: What is known of a picture
    When the object "trail.png" is processed by "info"
    Then the answer is 200
    And the document holds
      """
      {"width": 400, "height": 300, "type": "png"}
      """

  @op.ImageProcess
  Scenario Outline: Another size
    When the object "trail.png" is processed by "<action>"
    Then the answer is 200
    And the result is a png picture of <width> by <height> pixels

    Examples:
      | action                 | width | height |
      | crop:w_300             | 300   | 300    |
      | crop:w_300,h_200,g_2   | 300   | 200    |
      | crop:w_50,h_40,l_5,t_6 | 50    | 40     |
      | rotate:a_0             | 400   | 300    |
      | rotate:a_90            | 300   | 400    |
      | rotate:a_180           | 400   | 300    |
      | rotate:a_270           | 300   | 400    |
      | resize:w_200,h_200     | 200   | 200    |
      | resize:w_200           | 200   | 150    |
      | resize:h_150           | 200   | 150    |
      | crop:w_300\|rotate:a_90\|resize:h_150 | 150 | 150 |

  @op.ImageProcess
  Scenario Outline: Another format
    When the object "trail.png" is processed by "format:t_<format>"
    Then the answer is 200
    And the result is a <format> picture

    Examples:
      | format |
      | jpeg   |
      | png    |
      | webp   |
      | tiff   |

  @op.ImageProcess
  Scenario Outline: A mark on the picture
    Given an origin with the picture
    When the object "trail.png" is processed by "<action>"
    Then the answer is 200
    And the result is another picture

    Examples:
      | action                                        |
      | watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150       |
      | watermark:t_5rC05Y2w5paH5a2X,c_I2ZmMDAwMA      |
      | watermark_image:u_{origin},l_10,t_10,p_0.5    |

  @op.ImageProcess
  Scenario: One after the other
    When the object "trail.png" is processed by "crop:w_300|rotate:a_90|resize:h_200|watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150|format:t_png|info"
    Then the answer is 200
    And the document holds
      """
      {"width": 200, "height": 200, "type": "png"}
      """

  @op.ImageProcess
  Scenario Outline: Actions that make no sense
    When the object "trail.png" is processed by "<action>"
    Then the answer is 400 invalid_argument

    Examples:
      | action             |
      | paint              |
      | crop:w_10,l_5,g_1  |
      | crop:w_wide        |
      | crop:g_10          |
      | rotate             |
      | rotate:a_45        |
      | format:t_bmp       |
      | format             |
      | watermark:p_0.5    |

  @op.ImageProcess
  Scenario: What is no picture, and what there is not
    Given the object "trail.txt" holding "no picture"
    When the object "trail.txt" is processed by "info"
    Then the answer is a refusal
    When the object "never put" is processed by "info"
    Then the answer is 404 object_not_exists

  @op.ImageProcess
  Scenario: Pictures are for those who may read
    Given the caller is anonymous
    When the object "trail.png" is processed by "info"
    Then the answer is 403 permission_denied
