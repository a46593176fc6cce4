error("this file is not meant for you")
