Feature: Image processing
  The source image has 400 by 300 pixels.

  Background:
    Given the bucket "alpine-photos"
    And the image "trail.png"

  @op.ImageProcess
  Scenario: Read the size and format
    When the object "trail.png" is processed with "info"
    Then the response is 200
    And the JSON body contains
      """
      {"width": 400, "height": 300, "type": "png"}
      """

  @op.ImageProcess
  Scenario Outline: Crop, rotate and resize
    When the object "trail.png" is processed with "<action>"
    Then the response is 200
    And the result is a png image of <width> by <height> pixels

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
  Scenario Outline: Convert the format
    When the object "trail.png" is processed with "format:t_<format>"
    Then the response is 200
    And the result is a <format> image

    Examples:
      | format |
      | jpeg   |
      | png    |
      | webp   |
      | tiff   |

  @op.ImageProcess
  Scenario Outline: Add a watermark
    Given an origin with the image
    When the object "trail.png" is processed with "<action>"
    Then the response is 200
    And the result differs from the image

    Examples:
      | action                                        |
      | watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150       |
      | watermark:t_5rC05Y2w5paH5a2X,c_I2ZmMDAwMA      |
      | watermark_image:u_{origin},l_10,t_10,p_0.5    |

  @op.ImageProcess
  Scenario: Chain several actions
    When the object "trail.png" is processed with "crop:w_300|rotate:a_90|resize:h_200|watermark:t_5rC05Y2w5paH5a2X,p_0.5,d_150|format:t_png|info"
    Then the response is 200
    And the JSON body contains
      """
      {"width": 200, "height": 200, "type": "png"}
      """

  @op.ImageProcess
  Scenario Outline: Invalid actions are rejected
    When the object "trail.png" is processed with "<action>"
    Then the response is 400 invalid_argument

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
  Scenario: The object must exist and be an image
    Given the object "trail.txt" with content "not an image"
    When the object "trail.txt" is processed with "info"
    Then the response is a client error
    When the object "missing" is processed with "info"
    Then the response is 404 object_not_exists

  @op.ImageProcess
  Scenario: Image processing requires read permission
    Given the caller is anonymous
    When the object "trail.png" is processed with "info"
    Then the response is 403 permission_denied
