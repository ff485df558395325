"""Open the page: python app.py. Its body is tinygpt/ui/launch.py."""

import sys

from tinygpt.__main__ import main

if __name__ == "__main__":
    main(["app", *sys.argv[1:]])
