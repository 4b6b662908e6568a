#include "sources/config_file/config_file_source.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "sources/file_watch.h"

namespace mcpo::sources {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{16} << 20;

Result<std::string> read_file(const std::string& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) return fail(Errc::not_found, path + ": the file does not exist");
  if (fs::is_directory(status)) return fail(Errc::invalid, path + ": is a directory, not a file");
  if (const auto size = fs::file_size(path, error); !error && size > kMaxFileBytes) {
    return fail(Errc::too_large, path + ": larger than 16 MiB");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::denied, path + ": " + std::strerror(errno));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return fail(Errc::unavailable, path + ": cannot be read");
  return text;
}

}  // namespace

std::string canonical_path(const std::string& path) {
  std::error_code error;
  fs::path full = fs::weakly_canonical(path, error);
  return error ? fs::absolute(path, error).string() : full.string();
}

ConfigFileSource::ConfigFileSource(async::Executor executor, Options options, Logger& log)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      log_(log),
      origin_{"config", canonical_path(options_.path)} {}

async::Co<Observation> ConfigFileSource::observe(History, async::Deadline) {
  auto text = read_file(options_.path);
  if (text) co_return observe_text(*text);
  Observation out{.origin = origin_, .detail = text.error().message};
  out.warning = text.error().message;
  report_once({text.error().message + "; its servers stay as they were last known"});
  co_return out;
}

Observation ConfigFileSource::observe_text(std::string_view text) {
  Observation out{.origin = origin_, .absence_is_proof = true};
  auto parsed = parse_config(text, options_.path, options_.environment);
  if (!parsed) {
    out.detail = parsed.error().message;
    out.warning = out.detail;
    report_once({out.detail + "; the last good configuration stays in force"});
    return out;
  }
  std::vector<std::string> warnings = std::move(parsed->warnings);
  out.left_out = std::move(parsed->left_out);
  for (Workload& workload : parsed->workloads) {
    std::optional<std::string> why;
    if (options_.is_ourselves && workload.spec) why = options_.is_ourselves(*workload.spec);
    if (why) {
      warnings.push_back("server \"" + workload.name + "\" is left out: " + *why);
      out.left_out.push_back({"", workload.name, *why});
    } else {
      out.workloads.push_back(std::move(workload));
    }
  }
  out.unreadable = std::move(parsed->unreadable);
  for (const Unreadable& entry : out.unreadable) {
    warnings.push_back(options_.path + ": server \"" + entry.name +
                       "\" is left out: " + entry.reason);
  }
  out.state = out.unreadable.empty() ? ObservationState::complete : ObservationState::partial;
  if (!out.unreadable.empty()) {
    const Unreadable& first = out.unreadable.front();
    out.detail = options_.path + ": " + std::to_string(out.unreadable.size()) +
                 " of its servers cannot be used: \"" + first.name + "\" " + first.reason;
    out.warning = out.detail;
  }
  report_once(warnings);
  return out;
}

void ConfigFileSource::report_once(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    if (std::ranges::find(reported_, warning) == reported_.end()) log_.warn(warning);
  }
  reported_ = warnings;
}

async::Task<void> ConfigFileSource::watch(std::function<void()> on_change) {
  co_await asio::this_coro::throw_if_cancelled(false);
  std::string last = read_file(options_.path).value_or("");
  while (true) {
    // Afresh each time: a link may lead to another file by now (so does each update of a mounted
    // ConfigMap). Looked at before it is waited for, so nothing is missed.
    FileWatch watch(executor_, canonical_path(options_.path));
    std::string now = read_file(options_.path).value_or("");
    if (now != last) {
      last = std::move(now);
      on_change();
    }
    CO_CHECK_OK(co_await watch.wait());
  }
}

}  // namespace mcpo::sources
