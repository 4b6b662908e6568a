// Who leads, by advisory locks on files beside the database: they end with the process, however it
// ends. Each file holds "pid what" of its holder, for messages.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/server_key.h"
#include "catalog/store.h"

namespace mcpo::catalog {

class LeaseFiles {
 public:
  // `prefix`: path of the database; lock files are `<prefix>.lead-<hash of the instance>`.
  explicit LeaseFiles(std::string prefix) : prefix_(std::move(prefix)) {}

  Result<std::unique_ptr<Lease>> try_lead(const SourceInstance& origin, const std::string& what);
  Result<std::optional<Leader>> who_leads(const SourceInstance& origin) const;
  Result<std::vector<Leader>> leaders() const;

 private:
  std::string path_of(const SourceInstance& origin) const;
  std::string prefix_;
};

}  // namespace mcpo::catalog
