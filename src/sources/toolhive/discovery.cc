#include "sources/toolhive/discovery.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/json.h"
#include "base/text.h"
#include "sources/for_each_parallel.h"

namespace mcpo::sources::toolhive {
namespace {

http::Url tcp_place(const std::string& host, std::uint16_t port) {
  http::Url out;
  out.scheme = "http";
  out.host = host;
  out.port = port;
  out.target = "/";
  return out;
}

constexpr std::size_t kMaxFileBytes = std::size_t{64} << 10;
constexpr std::string_view kUnixScheme = "unix://";

bool is_ip_literal(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

Result<http::Url> unix_address(std::string_view path) {
  const bool climbs =
      std::ranges::any_of(split(path, '/'), [](std::string_view part) { return part == ".."; });
  if (!path.starts_with('/') || climbs || path.find('\0') != std::string_view::npos) {
    return fail(Errc::invalid, "its socket is not an absolute path without \"..\"");
  }
  return http::unix_url(std::string(path));
}

// The rules of ToolHive's own client.
Result<http::Url> address_of(std::string_view text) {
  if (text.starts_with(kUnixScheme)) return unix_address(text.substr(kUnixScheme.size()));
  if (text.starts_with("npipe://")) {
    return fail(Errc::invalid, "it names a Windows pipe, which cannot be reached from here");
  }
  auto url = http::parse_url(text);
  if (!url || url->scheme != "http" || !url->userinfo.empty()) {
    return fail(Errc::invalid, "its address is neither http:// nor unix://");
  }
  if (!is_ip_literal(url->host) || !http::is_loopback_host(url->host)) {
    return fail(Errc::invalid, "its address is not a loopback IP address");
  }
  url->target = "/";
  return *std::move(url);
}

// Closes by itself.
class File {
 public:
  explicit File(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

Error why_not_opened(int error) {
  if (error == ENOENT || error == ENOTDIR) return {Errc::not_found, "it does not exist"};
  if (error == ELOOP) return {Errc::denied, "it is a symbolic link"};
  return {Errc::denied, std::strerror(error)};
}

Result<std::string> read_all(int fd) {
  std::string out(kMaxFileBytes + 1, '\0');
  std::size_t size = 0;
  while (size < out.size()) {
    const auto got = ::read(fd, out.data() + size, out.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::unavailable, std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxFileBytes) return fail(Errc::too_large, "it is larger than 64 KiB");
  out.resize(size);
  return out;
}

class PlaceFinder final : public Finder {
 public:
  PlaceFinder(async::Executor executor, DiscoveryOptions options, ApiFactory make, Logger& log)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        make_(std::move(make)),
        log_(log) {}

  async::Task<std::shared_ptr<Api>> find(async::Deadline deadline) override {
    if (is_fixed()) co_return make_(fixed_base(), Token::send);
    tried_.clear();
    CO_TRY(std::shared_ptr<Api> api, co_await from_file(deadline));
    if (api == nullptr && options_.usual_port != 0) {
      std::vector<std::uint16_t> usual{options_.usual_port};
      CO_TRY(api, co_await from_ports(std::move(usual), deadline));
    }
    if (api == nullptr && options_.scan_first != 0) {
      CO_TRY(api, co_await from_ports(scan_range(), deadline));
    }
    if (api != nullptr) co_return api;
    co_return fail(Errc::not_found, "ToolHive was not found: " + join(tried_, "; "));
  }

  bool has_news() const override {
    if (is_fixed() || options_.file.empty()) return false;
    return read_discovery_file(options_.file).value_or("") != last_text_;
  }

  std::string fixed_place() const override { return toolhive::fixed_place(options_); }

 private:
  bool is_fixed() const { return options_.port.has_value() || !options_.socket.empty(); }

  http::Url fixed_base() const {
    if (!options_.socket.empty()) return http::unix_url(options_.socket);
    return place(options_.port.value_or(options_.usual_port));
  }

  http::Url place(std::uint16_t port) const { return tcp_place(options_.host, port); }

  std::vector<std::uint16_t> scan_range() const {
    std::vector<std::uint16_t> out;
    for (int port = options_.scan_first; port <= options_.scan_last; ++port) {
      out.push_back(static_cast<std::uint16_t>(port));
    }
    return out;
  }

  void note(const std::string& place, const std::string& why) {
    tried_.push_back(place + ": " + why);
  }

  async::Deadline probe_deadline(async::Deadline deadline) const {
    return deadline.earlier(async::Deadline::in(options_.probe_timeout));
  }

  // Null: not there, noted. Errors: cancelled.
  async::Task<std::shared_ptr<Api>> from_file(async::Deadline deadline) {
    if (options_.file.empty()) co_return nullptr;
    const std::string where = "discovery file " + options_.file;
    const auto text = read_discovery_file(options_.file);
    last_text_ = text.value_or("");
    if (!text) {
      note(where, text.error().message);
      co_return nullptr;
    }
    const auto record = parse_discovery_file(*text);
    if (!record) {
      note(where, record.error().message);
      co_return nullptr;
    }
    http::Url base = record->base;
    const std::shared_ptr<Api> bare = make_(base, Token::hold_back);
    const auto until = deadline.earlier(async::Deadline::in(options_.file_timeout));
    auto health = co_await bare->read_health(until);
    // The file is ours alone and names the place, so a server that wants the token may have it.
    if (!health && health.error().code == Errc::denied) {
      health = co_await make_(base, Token::send)->read_health(until);
    }
    if (!health && health.error().code == Errc::cancelled) {
      co_return std::unexpected(health.error());
    }
    if (health && health->healthy && same_nonce(health->nonce, record->nonce)) {
      co_return make_(std::move(base), Token::send);
    }
    note(where, bare->where() + ", " + why_not(health));
    co_return nullptr;
  }

  static std::string why_not(const Result<Health>& health) {
    if (!health) return health.error().message;
    if (!health->healthy) return "its container engine does not answer (503)";
    return "another program answers there (its nonce differs)";
  }

  // The first in order that answers like ToolHive.
  async::Task<std::shared_ptr<Api>> from_ports(std::vector<std::uint16_t> ports,
                                               async::Deadline deadline) {
    std::vector<std::shared_ptr<Api>> found(ports.size());
    std::string why = "nothing there answers like ToolHive";
    auto probe = [&](std::size_t i) { return ask_port(ports[i], deadline, found[i], why); };
    CO_CHECK_OK(co_await for_each_parallel(executor_, ports.size(), options_.max_parallel,
                                           std::move(probe), log_));
    const auto first = std::ranges::find_if(found, [](const auto& api) { return api != nullptr; });
    if (first != found.end()) co_return *first;
    std::string range = options_.host + ":" + std::to_string(ports.front());
    if (ports.size() > 1) range += "-" + std::to_string(ports.back());
    note(range, why);
    co_return nullptr;
  }

  // Version first, health next: both must look like ToolHive's.
  async::Task<void> ask_port(std::uint16_t port, async::Deadline deadline,
                             std::shared_ptr<Api>& found, std::string& why) {
    std::shared_ptr<Api> api = make_(place(port), Token::hold_back);
    const auto version = co_await api->read_version(probe_deadline(deadline));
    if (!version && version.error().code == Errc::denied) {
      why = "what listens on port " + std::to_string(port) +
            " wants a token; if it is ToolHive, name it with --toolhive-port";
    }
    CO_CHECK_OK(version);
    CO_CHECK_OK(co_await api->read_health(probe_deadline(deadline)));
    found = std::move(api);
    co_return Result<void>();
  }

  async::Executor executor_;
  DiscoveryOptions options_;
  ApiFactory make_;
  Logger& log_;
  std::string last_text_;           // of the discovery file
  std::vector<std::string> tried_;  // by the find that runs: place and why it was not there
};

}  // namespace

// The usual names of this machine are one place, so that its servers are in a catalog once.
std::string fixed_place(const DiscoveryOptions& options) {
  if (!options.socket.empty()) return "unix://" + options.socket;
  if (!options.port) return "";
  const std::string host = ascii_lower(options.host);
  const bool is_here = host == "localhost" || host == "::1" || host == "[::1]";
  return "http://" + tcp_place(is_here ? "127.0.0.1" : host, *options.port).authority();
}

std::string discovery_file_path(const EnvironmentLookup& environment) {
  constexpr std::string_view kFile = "/toolhive/server/server.json";
  // XDG: a relative path is to be ignored.
  const auto state = environment("XDG_STATE_HOME");
  if (state && state->starts_with('/')) return *state + std::string(kFile);
  const auto home = environment("HOME");
  if (!home || home->empty()) return "";
  return *home + "/.local/state" + std::string(kFile);
}

Result<DiscoveryRecord> parse_discovery_file(std::string_view text) {
  const auto json = parse_json(text, {.max_depth = 8});
  if (!json || !json->is_object()) return fail(Errc::invalid, "it is not a JSON object");
  const auto url = json->find("url");
  const auto address = url ? url->as_string() : std::nullopt;
  if (!address) return fail(Errc::invalid, "it has no \"url\"");
  const auto nonce = json->find("nonce");
  DiscoveryRecord out;
  TRY(out.base, address_of(*address));
  out.nonce = nonce ? nonce->as_string().value_or("") : "";
  if (out.nonce.empty()) return fail(Errc::invalid, "it has no \"nonce\"");
  return out;
}

Result<std::string> read_discovery_file(const std::string& path) {
  const File file(path);
  if (file.fd() < 0) return std::unexpected(why_not_opened(errno));
  struct stat info{};
  if (::fstat(file.fd(), &info) != 0) return fail(Errc::unavailable, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return fail(Errc::denied, "it is not a regular file");
  if (info.st_uid != ::geteuid()) return fail(Errc::denied, "it belongs to somebody else");
  return read_all(file.fd());
}

bool same_nonce(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

std::unique_ptr<Finder> make_finder(async::Executor executor, DiscoveryOptions options,
                                    ApiFactory make, Logger& log) {
  if (!http::is_loopback_host(options.host)) options.file.clear();
  return std::make_unique<PlaceFinder>(std::move(executor), std::move(options), std::move(make),
                                       log);
}

}  // namespace mcpo::sources::toolhive
