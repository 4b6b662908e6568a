#include "mcp/client/era.h"

#include "mcp/protocol.h"

namespace mcpo::mcp {
namespace {

// The newest of a list of version strings that both sides know and that is modern.
std::optional<std::string> common_version(std::optional<RawJson> versions) {
  if (!versions) return std::nullopt;
  std::optional<std::string> best;
  for (RawJson version : versions->elements()) {
    auto text = version.as_string();
    if (text && is_modern_version(*text) && (!best || *text > *best)) best = std::move(text);
  }
  return best;
}

EraVerdict decide_error(const Message& answer) {
  const auto code = answer.error.find("code");
  const auto number = code ? code->as_int64() : std::nullopt;
  if (number == kUnsupportedVersion) {
    const auto data = answer.error.find("data");
    const auto version = common_version(data ? data->find("supported") : std::nullopt);
    if (version) return {EraVerdict::Kind::ask_again, *version, {}};
    return {EraVerdict::Kind::legacy, "", {}};
  }
  if (number == kHeaderMismatch || number == kMissingCapability) {
    return {EraVerdict::Kind::modern, std::string(kVersion2026_07), {}};
  }
  return {EraVerdict::Kind::legacy, "", {}};
}

}  // namespace

EraVerdict decide_era(const Result<Message>& answer, ProbeChannel channel) {
  if (!answer) {
    // A child that is silent or ends is one that does not expect a request before initialize; over
    // HTTP only a refusal of the request itself says so.
    const Errc code = answer.error().code;
    const bool evidence = channel == ProbeChannel::stdio
                              ? code != Errc::cancelled
                              : code == Errc::not_found || code == Errc::invalid ||
                                    code == Errc::corrupt || code == Errc::conflict;
    if (evidence) return {EraVerdict::Kind::legacy, "", {}};
    return {EraVerdict::Kind::no_evidence, "", answer.error()};
  }
  if (answer->kind == MessageKind::error) return decide_error(*answer);
  if (const auto version = common_version(answer->result.find("supportedVersions"))) {
    return {EraVerdict::Kind::modern, *version, {}};
  }
  return {EraVerdict::Kind::legacy, "", {}};
}

}  // namespace mcpo::mcp
