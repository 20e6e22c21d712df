"""The parts of scripts/bench, beside the sources and configurations of the servers that it measures."""
