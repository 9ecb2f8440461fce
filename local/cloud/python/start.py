"""Starts AWS's runtime interface client as the `bootstrap` of Lambda's Python runtimes does: with Lambda's search path.

Python is started with `-S`, because what is installed beside the interpreter of this machine is not part of Lambda's runtime. What else
`site` does, a wrapper script's `sitecustomize` included, is done here. The first argument is the folder of the layers.
"""
import os
import site
import sys


def search_path(layers):
    version = "python%d.%d" % sys.version_info[:2]
    runtime = os.environ["LAMBDA_RUNTIME_DIR"]
    own = [os.path.join(layers, "python", "lib", version, "site-packages"), os.path.join(layers, "python"), runtime]
    path = [os.environ["LAMBDA_TASK_ROOT"]] + [folder for folder in own if os.path.isdir(folder)]
    here = os.path.dirname(os.path.abspath(__file__))
    return path + [folder for folder in sys.path if folder not in path and folder != here and "dist-packages" not in folder]


sys.path[:] = search_path(sys.argv[1])
site.setquit()
site.setcopyright()
site.sethelper()
site.execsitecustomize()
sys.argv[:] = [os.path.join(os.environ["LAMBDA_RUNTIME_DIR"], "bootstrap.py"), os.environ["_HANDLER"]]

from awslambdaric.__main__ import main  # noqa: E402 - found on the path that has just been set

main(sys.argv)
