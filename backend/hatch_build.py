"""The wheel brings the built dashboard along, where it was built; without Node an API comes out of it all the same."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Dashboard(BuildHookInterface[Any]):
    """Puts frontend/.output/public into the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before a wheel is made. An editable one reads the checkout, and so does nothing here."""
        built = Path(self.root).parent / "frontend" / ".output" / "public"
        if version == "editable":
            return
        if (built / "200.html").is_file():
            build_data["force_include"][str(built)] = "litmus_server/dashboard"
        else:
            self.app.display_warning(
                "the dashboard is not built (make dashboard): this wheel has the API only"
            )
