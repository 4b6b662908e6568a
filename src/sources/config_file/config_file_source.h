// A configuration file as a source: read at every cycle, watched for edits. A broken edit is
// reported and what was good before goes on; so it does when the file vanishes.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "sources/config_file/config_parser.h"
#include "sources/source.h"

namespace mcpo::sources {

class ConfigFileSource final : public Source {
 public:
  struct Options {
    std::string path;
    EnvironmentLookup environment;
    IsOurselves is_ourselves;  // such entries are left out
  };
  // All on `executor`.
  ConfigFileSource(async::Executor executor, Options options, Logger& log);

  const SourceInstance& origin() const override { return origin_; }
  async::Co<Observation> observe(History history, async::Deadline deadline) override;
  async::Task<void> watch(std::function<void()> on_change) override;

 private:
  Observation observe_text(std::string_view text);
  void report_once(const std::vector<std::string>& warnings);

  async::Executor executor_;
  Options options_;
  Logger& log_;
  SourceInstance origin_;
  std::vector<std::string> reported_;  // warnings of the last text, so that each is logged once
};

// The absolute path that names this file wherever it is opened from.
std::string canonical_path(const std::string& path);

}  // namespace mcpo::sources
