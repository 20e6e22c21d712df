import pathlib
import subprocess

DOGGER = pathlib.Path(__file__).resolve().parents[2] / ".build/release/dogger"


def test_version():
    result = subprocess.run([DOGGER, "--version"], capture_output=True, text=True, timeout=10)
    assert (result.returncode, result.stdout, result.stderr) == (0, "dogger 0.1.0\n", "")
