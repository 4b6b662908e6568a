// Decides what an installation comes to before anything is created: what is there already, under
// which name and into which group it goes, and whether all that it needs was given.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "install/installation.h"
#include "install/requirements.h"
#include "sources/toolhive/api.h"

namespace mcpo::install {

using ReadCatalog = std::function<std::shared_ptr<const catalog::Catalog>()>;
using EntryPtr = std::shared_ptr<const RegistryEntry>;
// Whether a workload of that name is being created for an entry other than `entry`.
using IsReserved = std::function<bool(const std::string& name, const std::string& entry)>;

// Either what is there already, or what to create.
struct InstallPlan {
  std::optional<InstallResult> present;
  sources::toolhive::CreateRequest create;
  bool has_image = false;  // which the create may have to pull
  std::vector<std::string> remarks;
};

// On the I/O thread. Asks ToolHive only questions. Borrows `options`.
class Planner {
 public:
  Planner(sources::toolhive::CurrentApi api, ReadCatalog read_catalog, IsReserved is_reserved,
          const InstallOptions& options);

  // Errors: unavailable (ToolHive's registry is not known), and those of install::find_entry.
  Result<EntryPtr> find_entry(const std::string& server_name) const;

  // Errors: unavailable (no ToolHive) and what its list answers; not_found (group), conflict (name
  // taken), invalid (name; inputs: the text lists what is missing).
  async::Task<InstallPlan> plan(InstallRequest request, EntryPtr entry, async::Deadline deadline);

  // What a create ran into (409): the workload of that name, which the list may have left out.
  // Errors: conflict (it may not be seen, or is another's), and what its status answers.
  async::Task<InstallResult> find_taken(std::string name, std::string entry,
                                        async::Deadline deadline);

 private:
  using ApiPtr = std::shared_ptr<sources::toolhive::Api>;
  using Workloads = std::vector<sources::toolhive::ListedWorkload>;
  enum class Owner { nobody, same_entry, other };

  async::Task<InstallPlan> choose_name(ApiPtr api, InstallRequest request, EntryPtr entry,
                                       async::Deadline deadline);
  async::Task<Owner> owner_of(ApiPtr api, Workloads workloads, std::string name, EntryPtr entry,
                              async::Deadline deadline);
  async::Task<std::string> find_group(ApiPtr api, std::string wanted, async::Deadline deadline);
  async::Task<Assessment> check_inputs(ApiPtr api, InstallRequest request, EntryPtr entry,
                                       async::Deadline deadline);
  const sources::toolhive::ListedWorkload* find_linked(const Workloads& workloads,
                                                       const RegistryEntry& entry) const;
  bool is_linked(const std::string& workload, const std::string& entry) const;
  async::Task<bool> is_recorded(ApiPtr api, std::string workload, std::string entry,
                                async::Deadline deadline);
  InstallResult present(const std::string& entry,
                        const sources::toolhive::ListedWorkload& workload) const;

  sources::toolhive::CurrentApi api_;
  ReadCatalog read_catalog_;
  IsReserved is_reserved_;
  const InstallOptions& options_;
};

}  // namespace mcpo::install
