#include "ingest/report.h"

namespace mcpo::ingest {

std::string_view to_string(Action action) {
  switch (action) {
    case Action::added:
      return "added";
    case Action::changed:
      return "changed";
    case Action::kept:
      return "kept";
    case Action::removed:
      return "removed";
    case Action::stale:
      return "stale";
    case Action::degraded:
      return "degraded";
  }
  return "unknown";
}

std::string_view to_string(sources::ObservationState state) {
  switch (state) {
    case sources::ObservationState::complete:
      return "complete";
    case sources::ObservationState::partial:
      return "partial";
    case sources::ObservationState::unavailable:
      return "unavailable";
    case sources::ObservationState::absent:
      return "absent";
  }
  return "unavailable";
}

}  // namespace mcpo::ingest
