"""Which visitors' states are kept when there are more than fit."""

from gradio.state_holder import StateHolder


class VisitorStates(StateHolder):
    """gradio's states of visitors, of which those that hold nothing are dropped first.

    Each call of the endpoint makes such a state. gradio itself drops the oldest ones, so that a few hundred calls
    would take the texts of the visitors who have the page open.
    """

    def update(self, session_id: str) -> None:
        """Note that a state was used, and drop another one if there are too many."""
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            if len(self.session_data) > self.capacity:
                *others, _ = list(self.session_data.items())  # the oldest first
                dropped = next((id for id, state in others if not state.state_data), others[0][0])
                del self.session_data[dropped]
                self.time_last_used.pop(dropped, None)
