import sys

from phatgoose_data.cli import main

sys.exit(main(sys.argv[1:]))
