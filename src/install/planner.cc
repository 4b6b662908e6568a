#include "install/planner.h"

#include <algorithm>

#include "base/text.h"
#include "install/group_choice.h"
#include "install/registry_lookup.h"
#include "install/workload_name.h"

namespace mcpo::install {

using sources::toolhive::CreateRequest;
using sources::toolhive::ListedWorkload;

namespace {

const ListedWorkload* find_listed(const std::vector<ListedWorkload>& workloads,
                                  const std::string& name) {
  const auto it = std::ranges::find(workloads, name, &ListedWorkload::name);
  return it == workloads.end() ? nullptr : &*it;
}

// Says the same of names that may not be seen and of those that are kept for another create.
std::unexpected<Error> not_usable(const std::vector<std::string>& names) {
  return fail(Errc::conflict, "the workload name " + join(names, " or ") +
                                  " cannot be used; give another workload_name");
}

std::unexpected<Error> name_taken(const std::string& name, const std::string& entry) {
  return fail(Errc::conflict, "there is a workload " + name +
                                  " already, and it is not known to be " + "of " + entry +
                                  "; give another workload_name");
}

CreateRequest make_create(const RegistryEntry& entry, Assessment inputs) {
  CreateRequest out;
  out.server = entry.name;
  out.env = std::move(inputs.env);
  out.headers = std::move(inputs.headers);
  out.headers_from_secrets = std::move(inputs.headers_from_secrets);
  for (auto& [variable, secret] : inputs.secrets) out.secrets.push_back({secret, variable});
  return out;
}

}  // namespace

Planner::Planner(sources::toolhive::CurrentApi api, ReadCatalog read_catalog,
                 IsReserved is_reserved, const InstallOptions& options)
    : api_(std::move(api)),
      read_catalog_(std::move(read_catalog)),
      is_reserved_(std::move(is_reserved)),
      options_(options) {}

Result<EntryPtr> Planner::find_entry(const std::string& server_name) const {
  const auto registry = read_catalog_()->registry_of(options_.origin);
  if (registry == nullptr) {
    return fail(Errc::unavailable,
                api_() == nullptr ? "no ToolHive was found, and servers are installed by it"
                                  : "ToolHive's registry has no entries, or could not be read yet");
  }
  return install::find_entry(*registry, server_name);
}

async::Task<InstallPlan> Planner::plan(InstallRequest request, EntryPtr entry,
                                       async::Deadline deadline) {
  if (!request.workload_name.empty()) CO_CHECK_OK(check_workload_name(request.workload_name));
  const ApiPtr api = api_();
  if (api == nullptr) {
    co_return fail(Errc::unavailable, "no ToolHive is reachable now, and servers run in it");
  }
  CO_TRY(InstallPlan named, co_await choose_name(api, request, entry, deadline));
  if (named.present) co_return named;
  CO_TRY(std::string group, co_await find_group(api, request.group, deadline));
  CO_TRY(Assessment inputs, co_await check_inputs(api, std::move(request), entry, deadline));
  if (!inputs.problems.empty()) co_return fail(Errc::invalid, refusal_text(*entry, inputs));
  InstallPlan out;
  out.has_image = !entry->remote;
  out.remarks = inputs.remarks;
  out.create = make_create(*entry, std::move(inputs));
  out.create.name = std::move(named.create.name);
  out.create.group = std::move(group);
  co_return out;
}

// Only `present` or `create.name` of the result are set.
async::Task<InstallPlan> Planner::choose_name(ApiPtr api, InstallRequest request, EntryPtr entry,
                                              async::Deadline deadline) {
  CO_TRY(Workloads workloads, co_await api->list_workloads(deadline));
  std::vector<std::string> names{request.workload_name};
  if (request.workload_name.empty()) {
    if (const ListedWorkload* linked = find_linked(workloads, *entry)) {
      co_return InstallPlan{.present = present(entry->name, *linked)};
    }
    names = workload_names(entry->name);
  }
  for (const std::string& name : names) {
    if (is_reserved_(name, entry->name)) continue;
    CO_TRY(const Owner owner, co_await owner_of(api, workloads, name, entry, deadline));
    InstallPlan out;
    out.create.name = name;
    if (owner == Owner::nobody) co_return out;
    const ListedWorkload& taken = *find_listed(workloads, name);
    if (!is_allowed_group(taken.group, options_.allowed_groups)) continue;
    const bool is_wanted = !request.workload_name.empty();
    if (owner == Owner::other && is_wanted) co_return name_taken(name, entry->name);
    if (owner == Owner::other) continue;
    out.present = present(entry->name, taken);
    co_return out;
  }
  co_return not_usable(names);
}

// Whose the name is: by the catalog's link, else by what ToolHive has recorded.
async::Task<Planner::Owner> Planner::owner_of(ApiPtr api, Workloads workloads, std::string name,
                                              EntryPtr entry, async::Deadline deadline) {
  if (find_listed(workloads, name) == nullptr) co_return Owner::nobody;
  if (is_linked(name, entry->name)) co_return Owner::same_entry;
  CO_TRY(const bool is_same, co_await is_recorded(api, name, entry->name, deadline));
  co_return is_same ? Owner::same_entry : Owner::other;
}

async::Task<bool> Planner::is_recorded(ApiPtr api, std::string workload, std::string entry,
                                       async::Deadline deadline) {
  auto recorded = co_await api->read_export(std::move(workload), deadline);
  if (!recorded && recorded.error().code == Errc::cancelled) {
    co_return std::unexpected(recorded.error());
  }
  co_return recorded && recorded->registry_server_name == entry;
}

async::Task<InstallResult> Planner::find_taken(std::string name, std::string entry,
                                               async::Deadline deadline) {
  const ApiPtr api = api_();
  if (api == nullptr) co_return fail(Errc::unavailable, "no ToolHive is reachable now");
  const std::vector<std::string> names{name};
  auto details = co_await api->read_details(name, deadline);
  ListedWorkload workload;
  workload.name = name;
  // Where its group cannot be read it cannot be seen either.
  if (!options_.allowed_groups.empty() && !details) co_return not_usable(names);
  if (details) workload.group = details->group;
  if (!is_allowed_group(workload.group, options_.allowed_groups)) co_return not_usable(names);
  CO_TRY(workload.status, co_await api->read_status(name, deadline));
  CO_TRY(const bool is_same, co_await is_recorded(api, name, entry, deadline));
  if (!is_same && !is_linked(name, entry)) co_return name_taken(name, entry);
  co_return present(entry, workload);
}

async::Task<std::string> Planner::find_group(ApiPtr api, std::string wanted,
                                             async::Deadline deadline) {
  std::optional<std::vector<std::string>> existing;
  auto listed = co_await api->list_groups(deadline);
  // A ToolHive without groups says 404; everything else would fail the create as well.
  if (!listed && listed.error().code != Errc::not_found) {
    co_return std::unexpected(listed.error());
  }
  if (listed) existing = *std::move(listed);
  co_return choose_group(wanted, options_.allowed_groups, existing);
}

async::Task<Assessment> Planner::check_inputs(ApiPtr api, InstallRequest request, EntryPtr entry,
                                              async::Deadline deadline) {
  GivenInputs given{std::move(request.env), std::move(request.secrets), std::nullopt};
  if (!given.secrets.empty()) {
    // Without a secrets provider, or with one that cannot list, the create itself decides.
    auto existing = co_await api->list_secrets(deadline);
    if (!existing && existing.error().code == Errc::cancelled) {
      co_return std::unexpected(existing.error());
    }
    if (existing) given.existing_secrets = *std::move(existing);
  }
  co_return assess(*entry, given);
}

const ListedWorkload* Planner::find_linked(const Workloads& workloads,
                                           const RegistryEntry& entry) const {
  const ListedWorkload* out = nullptr;
  for (const ListedWorkload& workload : workloads) {
    if (!is_allowed_group(workload.group, options_.allowed_groups)) continue;
    if (!is_linked(workload.name, entry.name)) continue;
    if (catalog::is_offered_status(workload.status)) return &workload;
    if (out == nullptr) out = &workload;
  }
  return out;
}

bool Planner::is_linked(const std::string& workload, const std::string& entry) const {
  const auto catalog = read_catalog_();
  const catalog::ServerEntry* known = find_workload(*catalog, options_.origin, workload);
  return known != nullptr && known->server.link.registry_entry == entry;
}

InstallResult Planner::present(const std::string& entry, const ListedWorkload& workload) const {
  InstallResult out;
  out.outcome = InstallResult::Outcome::present;
  out.entry = entry;
  out.workload = workload.name;
  out.group = workload.group.empty() ? kDefaultGroup : workload.group;
  out.status = workload.status.empty() ? "unknown" : workload.status;
  add_known(out, *read_catalog_(), options_.origin);
  return out;
}

}  // namespace mcpo::install
