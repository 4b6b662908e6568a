#include "catalog/leases.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "base/hash.h"

namespace mcpo::catalog {
namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// The file stays when the lease goes: removing it could take the lock from under somebody who has
// just opened it.
class FileLease final : public Lease {
 public:
  explicit FileLease(Descriptor file) : file_(std::move(file)) {}
  ~FileLease() override { (void)!::ftruncate(file_.get(), 0); }

 private:
  Descriptor file_;
};

std::optional<Leader> holder_of(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::nullopt;
  // A shared lock that can be had means that nobody leads.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  char text[64];
  const auto size = ::pread(file.get(), text, sizeof text, 0);
  Leader out;
  if (size > 0) {
    const std::string_view line(text, static_cast<std::size_t>(size));
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out.pid);
    const auto used = static_cast<std::size_t>(end - line.data());
    if (error == std::errc() && used < line.size()) out.what = line.substr(used + 1);
  }
  return out;
}

}  // namespace

std::string LeaseFiles::path_of(const SourceInstance& origin) const {
  return prefix_ + ".lead-" + content_hash(origin.source + '\0' + origin.instance).hex();
}

Result<std::unique_ptr<Lease>> LeaseFiles::try_lead(const SourceInstance& origin,
                                                    const std::string& what) {
  const std::string path = path_of(origin);
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.get() < 0) return fail(Errc::denied, path + ": " + std::strerror(errno));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return nullptr;
    return fail(Errc::unavailable, path + ": " + std::strerror(errno));
  }
  const std::string line = std::to_string(::getpid()) + " " + what;
  (void)!::ftruncate(file.get(), 0);
  (void)!::pwrite(file.get(), line.data(), line.size(), 0);
  return std::make_unique<FileLease>(std::move(file));
}

Result<std::optional<Leader>> LeaseFiles::who_leads(const SourceInstance& origin) const {
  return holder_of(path_of(origin));
}

Result<std::vector<Leader>> LeaseFiles::leaders() const {
  std::vector<Leader> out;
  const fs::path prefix(prefix_);
  const std::string start = prefix.filename().string() + ".lead-";
  std::error_code error;
  const fs::path folder = prefix.has_parent_path() ? prefix.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with(start)) continue;
    auto leader = holder_of(entry.path().string());
    if (leader && leader->pid != ::getpid()) out.push_back(*std::move(leader));
  }
  return out;
}

}  // namespace mcpo::catalog
