"""What an agent can do: tools by name, from functions, from HTTP declarations, and the clinic's calendar."""

from antiphon.agents.tools.appointments import AppointmentView, CalendarView, appointment_tools
from antiphon.agents.tools.http import HttpDeclaration, http_tool
from antiphon.agents.tools.registry import Toolbox, checked, function_tool

__all__ = [
    "AppointmentView",
    "CalendarView",
    "HttpDeclaration",
    "Toolbox",
    "appointment_tools",
    "checked",
    "function_tool",
    "http_tool",
]
