"""
What is recorded of errors. Secrets are not: passwords, queries and signatures in URLs, values of headers, literals in messages of databases,
values of environment variables.
"""

import os
import re

from .redaction import MASK, redacted
from .settings import EXCEPTION_MESSAGES, URL_PATHS

_LONGEST_MESSAGE = 2_000

# Frames of one exception, and exceptions of one chain, at most.
_MOST_FRAMES = 50
_MOST_EXCEPTIONS = 5

# In a text a password may hold anything but white space and quotes.
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31}://)(?:[^\s'\"<>]*@)?([^\s/?#'\"<>]*)(/[^\s?#'\"<>]*)?(?:[?#;][^\s'\"<>]*)?")
_QUERY = re.compile(r"(?<=[\w/%.~-])[?#;][^\s'\"<>)]*=[^\s'\"<>)]*")
_PATH_AFTER_URL = re.compile(r"(\burl: )(?![A-Za-z]+://)([^\s?#'\"<>)]*)[^\s'\"<>]*")
_QUOTED = re.compile(r"(?:['\"`].*['\"`])|(?:\{.*\})", re.DOTALL)
_NAMED = re.compile(
    r"((?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|signature|authorization|cookie|session[_-]?id)[\w-]{0,32}"
    r"['\"]?\s*[=:]\s*)((?:basic|bearer|digest|negotiate)\s+)?(?:'[^']*'|\"[^\"]*\"|[^\s,;&'\")}]+)",
    re.IGNORECASE,
)
_HOST_WITH_USER = re.compile(r"[^\s:/@'\"<>]{1,64}:[^\s'\"<>]{1,256}@(?=[\w.\[-])")
# Of messages that quote what they could not make use of.
_QUOTES_INPUT = re.compile(r"\bheader|invalid url|unknown url|url can't|failed to parse|scheme|nonnumeric port|invalid port|netloc|label", re.IGNORECASE)
_INPUT_ERRORS = {"InvalidURL", "InvalidHeader", "InvalidSchema", "MissingSchema", "LocalProtocolError", "UnsupportedProtocol", "LocationParseError", "LocationValueError"}

# https://peps.python.org/pep-0249/#exceptions, and what is not named as there
_DATABASE_ERRORS = {"DatabaseError", "InterfaceError", "PyMongoError", "PostgresError", "BSONError", "SQLAlchemyError", "MySQLError"}

# By their looks: keys of AWS, JSON web tokens, keys in PEM.
_BY_LOOKS = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(?<=PRIVATE KEY-----).*?(?=-----END|$)", re.DOTALL)
_STATEMENT = re.compile(r"\b(?:select\b.{0,500}\bfrom|(?:insert|merge)\s+into|update\b.{0,200}\bset|delete\s+from|values\s*\()", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'")

# What a service quotes of a request.
_QUOTED_VALUE = re.compile(r"\b([Vv]alue )(?:'.*'|\".*\"|\([^)]{0,500}\))", re.DOTALL)
_SERVICE_VALUE = re.compile(r"\bValue \S.* for parameter|\bvalue:? \S.*", re.IGNORECASE)

# Variables of Lambda's own, which say nothing that the trace does not.
_OPEN_VARIABLES = re.compile(r"AWS_(?:REGION|DEFAULT_REGION|EXECUTION_ENV|LAMBDA_\w+|XRAY_\w+)|_HANDLER|_X_AMZN_TRACE_ID|_AWS_XRAY_\w+|LAMBDA_\w+|LANG|LC_\w+|PATH|PWD|HOME|TZ|PYTHON\w*|LD_LIBRARY_PATH|SHLVL|_")
_SECRET_VARIABLE = re.compile(r"KEY|SECRET|TOKEN|PASS|PWD|CREDENTIAL|AUTH|DSN|CONN|URI|URL|SIGN", re.IGNORECASE)


def address(url):
    """Of a resource: what names it."""
    return _URL.sub(r"\1\2\3", url)


def scrubbed(message, quotes_input=False):
    """A text that may quote a URL, a header, a connection string."""
    message = _hide_variables(message[: _LONGEST_MESSAGE * 4])
    message = _URL.sub(lambda found: found[1] + found[2] + (found[3] or "" if URL_PATHS else ""), message)
    message = _QUERY.sub("", message)
    message = _PATH_AFTER_URL.sub(r"\1\2" if URL_PATHS else r"\1/", message)
    message = _NAMED.sub(lambda found: f"{found[1]}{found[2] or ''}{MASK}", message)
    message = _HOST_WITH_USER.sub(f"{MASK}@", message)
    message = _BY_LOOKS.sub(MASK, message)
    message = _QUOTED_VALUE.sub(rf"\1{MASK}", message)
    if _STATEMENT.search(message):
        message = _LITERAL.sub(MASK, message)
    if quotes_input or _QUOTES_INPUT.search(message) and "Caused by" not in message:
        message = _QUOTED.sub(f"'{MASK}'", message)
    return message[:_LONGEST_MESSAGE]


def _hide_variables(message):
    for name, value in os.environ.items():
        least = 4 if _SECRET_VARIABLE.search(name) else 12
        if len(value) >= least and value in message and not _OPEN_VARIABLES.fullmatch(name):
            message = message.replace(value, MASK)
    return message


def exception_type(error):
    # botocore makes a class for each error of a service only when it is asked for; the service's own name is in the answer.
    try:
        code = error.response["Error"]["Code"] if isinstance(error.response, dict) and _is_botocore(error) else None
    except Exception:  # an attribute of any shape
        code = None
    return code if isinstance(code, str) and code else type(error).__name__


def _is_botocore(error):
    return any(cls.__module__.partition(".")[0] == "botocore" for cls in type(error).__mro__)


def exception_message(error):
    """None when messages are not recorded."""
    if not EXCEPTION_MESSAGES:
        return None
    try:
        names = {cls.__name__ for cls in type(error).__mro__}
        if names & _DATABASE_ERRORS:
            return redacted(_of_database(error))
        text = str(error)
        if _is_botocore(error):
            text = _SERVICE_VALUE.sub(f"value {MASK}", _QUOTED.sub(f"'{MASK}'", text.partition("\n")[0])) if "operation" in text[:200] or "\n" in text else text
        return redacted(scrubbed(text, bool(names & _INPUT_ERRORS)))
    except Exception as broken:
        return f"<no text: {type(broken).__name__}>"


def _of_database(error):
    """Its first line, without what stands in quotes: the rest repeats the statement and its values."""
    code, text = None, None
    arguments = getattr(error, "args", ())
    if arguments and isinstance(arguments[0], dict):  # pg8000
        code, text = arguments[0].get("C"), arguments[0].get("M")
    elif len(arguments) >= 2 and isinstance(arguments[0], int) and isinstance(arguments[1], str):  # those for MySQL
        code, text = arguments[:2]
    text = scrubbed_query(str(error) if text is None else str(text))
    return f"{code}: {text}" if code else text


def scrubbed_query(message):
    """A message about a query."""
    return scrubbed(_QUOTED.sub(f"'{MASK}'", message.partition("\n")[0]))


def frames(error):
    """From the outermost to where it was raised: file, line, function. Without lines of source, where secrets may be written."""
    found = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        found.append((code.co_filename, traceback.tb_lineno, code.co_name))
        traceback = traceback.tb_next
    return [frame for frame in found[-_MOST_FRAMES:] if f"{os.sep}cdk_traced_function{os.sep}" not in frame[0]]


def stack_text(error):
    """As Python writes it, causes first."""
    try:
        texts, seen = [], set()
        while error is not None and id(error) not in seen and len(texts) < _MOST_EXCEPTIONS:
            seen.add(id(error))
            lines = [f'  File "{file}", line {line}, in {function}\n' for file, line, function in frames(error)]
            message = exception_message(error)
            texts.append("Traceback (most recent call last):\n" + "".join(lines) + type(error).__name__ + (f": {message}" if message else "") + "\n")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nThe above exception led to another:\n\n".join(reversed(texts))
    except Exception:  # whatever an exception of somebody's own making does when it is asked
        return None
