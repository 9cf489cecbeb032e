"""A clinic's calendar over SQLite: the tools an agent books with, and a view to check what was booked."""

from antiphon.agents.tools.appointments.tools import appointment_tools
from antiphon.agents.tools.appointments.view import AppointmentView, CalendarView

__all__ = ["AppointmentView", "CalendarView", "appointment_tools"]
