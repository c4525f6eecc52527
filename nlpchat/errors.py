"""Everything nlpchat raises on purpose, as one tree.

    NlpchatError                 the root; its text says what, where, and what to do
    ├── InputError               a file that cannot be used as given (missing, unreadable, empty)
    │   ├── ChatFormatError      not a chat export, or one that is damaged
    │   └── CorpusError          a text or labelled set that is damaged or of another shape
    ├── OutputError              a result that cannot be written (no folder, disk full)
    ├── BundleError              a model folder that is damaged, of a newer format, or of the wrong kind
    ├── RecipeError              an option or a pipeline that makes no sense; every fault at once
    ├── TrainingError            training that cannot start, go on or resume
    ├── ScrapeError              a page that cannot be fetched
    │   ├── RefusedError         the site refuses: its robots.txt, an answer of 401, 403 or 451, a captcha, time-outs
    │   └── PageChangedError     a page has not the shape that its reader knows
    └── MissingExtraError        the command needs packages that are not installed; says the line that installs them

The library raises; only the command line catches, prints one line and exits: 1, 2 for wrong usage, 3 where a site refuses,
4 where a page has changed.
"""


class NlpchatError(Exception):
    """The root of everything nlpchat raises on purpose. `exit_code` is what the command line exits with."""

    exit_code = 1


class InputError(NlpchatError):
    """A file that cannot be used as given."""


class ChatFormatError(InputError):
    """A file that is no chat export, or a damaged one."""


class CorpusError(InputError):
    """A text or labelled set that is damaged or of another shape than expected."""


class OutputError(NlpchatError):
    """A result that cannot be written where it was asked for."""


class BundleError(NlpchatError):
    """A model folder that is damaged, of a newer format, or of the wrong kind."""


class RecipeError(NlpchatError):
    """An option, a recipe or a pipeline that makes no sense."""

    exit_code = 2


class TrainingError(NlpchatError):
    """Training that cannot start, go on or resume."""


class MissingExtraError(NlpchatError):
    """The command needs packages that a light install leaves out."""


class ScrapeError(NlpchatError):
    """A page that cannot be fetched, or a fetch that cannot go on."""


class RefusedError(ScrapeError):
    """The site refuses, by robots.txt, by an answer, a captcha or silence; nothing goes round it."""

    exit_code = 3


class PageChangedError(ScrapeError):
    """A page that has not the shape its reader knows; the page is kept."""

    exit_code = 4


def on_one_line(fault: BaseException) -> str:
    """What the fault of a library says, whose lines are put into one: ours are one line each."""
    return " ".join(str(fault).split())
