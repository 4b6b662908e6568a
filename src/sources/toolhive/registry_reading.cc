#include "sources/toolhive/registry_reading.h"

#include <algorithm>

namespace mcpo::sources::toolhive {
namespace {

constexpr const char* kLastUpdated = "registry.last_updated";  // "" of one without entries
constexpr std::size_t kToldProblems = 10;                      // by name, of one reading

Result<ParsedRegistry> whole_page(Result<ParsedRegistry> page) {
  if (!page || page->total <= page->reading.entries.size()) return page;
  // Its pages overlap and leave entries out (contracts/toolhive.md 1.8): no other would help.
  return fail(Errc::corrupt, "the registry has " + std::to_string(page->total) +
                                 " entries, of which one page shows only " +
                                 std::to_string(page->reading.entries.size()));
}

}  // namespace

bool RegistryReader::is_due(const Memory& memory) const {
  if (clock_.now() >= next_) return true;
  const auto known = memory.find(kLastUpdated);
  return !handed_over_.empty() && (known == memory.end() || known->second != handed_over_);
}

async::Task<void> RegistryReader::read(std::shared_ptr<Api> api, const Memory& memory,
                                       Observation& out, async::Deadline deadline) {
  const Result<void> looked = co_await look(std::move(api), memory, out, deadline);
  if (!looked && looked.error().code == Errc::cancelled) co_return looked;
  problem_ = looked ? "" : looked.error().message;
  if (looked) next_ = clock_.now() + interval_;
  co_return looked;
}

async::Task<void> RegistryReader::look(std::shared_ptr<Api> api, const Memory& memory,
                                       Observation& out, async::Deadline deadline) {
  CO_TRY(const RegistryInfo info, co_await api->read_registry_info(deadline));
  const auto known = memory.find(kLastUpdated);
  const bool is_same =
      known != memory.end() && !info.last_updated.empty() && known->second == info.last_updated;
  if (is_same) {
    handed_over_.clear();
    co_return Result<void>();
  }
  CO_TRY(ParsedRegistry parsed, co_await read_whole(api, deadline));
  co_return take(std::move(parsed), info.last_updated, memory, out);
}

// The upstream shape only where the other is not to be had.
async::Task<ParsedRegistry> RegistryReader::read_whole(std::shared_ptr<Api> api,
                                                       async::Deadline deadline) {
  Result<std::string> text = co_await api->read_registry(deadline);
  Result<ParsedRegistry> parsed = fail(Errc::internal, "");
  if (text) {
    parsed = co_await parse(*std::move(text));
  } else {
    parsed = std::unexpected(std::move(text).error());
  }
  const bool has_other_shape =
      !parsed && (parsed.error().code == Errc::not_found || parsed.error().code == Errc::corrupt);
  if (!has_other_shape) co_return parsed;
  Result<std::string> page = co_await api->read_registry_v01(deadline);
  if (!page) co_return parsed;
  auto from_page = co_await parse(*std::move(page));
  if (!from_page) co_return parsed;
  co_return whole_page(std::move(from_page));
}

async::Task<ParsedRegistry> RegistryReader::parse(std::string text) {
  auto work = [text = std::move(text)] {
    Result<ParsedRegistry> parsed = parse_registry(text);
    if (parsed) return parsed;
    return Result<ParsedRegistry>(
        std::unexpected(with_context(std::move(parsed).error(), "registry")));
  };
  if (pool_ == nullptr) co_return work();
  co_return co_await async::offload(*pool_, std::move(work));
}

void RegistryReader::tell(const std::vector<std::string>& problems) {
  const std::size_t told = std::min(problems.size(), kToldProblems);
  for (std::size_t i = 0; i < told; ++i) {
    log_.warn("a registry entry is left out", {{"cause", problems[i]}});
  }
  if (told < problems.size()) {
    log_.warn("more registry entries are left out", {{"count", problems.size() - told}});
  }
}

Result<void> RegistryReader::take(ParsedRegistry parsed, const std::string& last_updated,
                                  const Memory& memory, Observation& out) {
  const bool is_empty = parsed.reading.entries.empty();
  const auto known = memory.find(kLastUpdated);
  const bool had_entries = known != memory.end() && !known->second.empty();
  if (is_empty && had_entries && !memory.contains(kEmptyRegistry)) {
    out.memory[kEmptyRegistry] = "1";
    return fail(Errc::corrupt,
                "the registry is suddenly empty; it counts when it is so twice in a row");
  }
  if (memory.contains(kEmptyRegistry) && !is_empty) out.memory[kEmptyRegistry] = std::nullopt;
  tell(parsed.problems);
  if (!last_updated.empty()) parsed.reading.last_updated = last_updated;
  // An empty one is read again at every look: it costs nothing, and has a first entry some day.
  handed_over_ = is_empty ? "" : last_updated;
  out.memory[kLastUpdated] = handed_over_;
  out.registry = std::move(parsed.reading);
  return {};
}

}  // namespace mcpo::sources::toolhive
