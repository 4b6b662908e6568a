// Bodies of ToolHive's API as values, and requests as bodies. Pure: what comes may be anything.
//
// One item that makes no sense costs no other item. Errors: corrupt ("the answer ..."), which say
// what is wrong with the form and never echo the content: bodies hold environment variables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sources/toolhive/api.h"

namespace mcpo::sources::toolhive {

Result<std::vector<ListedWorkload>> parse_workload_list(std::string_view body);
Result<WorkloadDetails> parse_details(std::string_view body);
Result<WorkloadExport> parse_export(std::string_view body);
Result<std::string> parse_status(std::string_view body);
Result<std::string> parse_version(std::string_view body);
Result<std::vector<std::string>> parse_groups(std::string_view body);
Result<std::vector<std::string>> parse_secret_keys(std::string_view body);
Result<RegistryInfo> parse_registries(std::string_view body);
// A 201 has been carried out whatever its body says: what cannot be read stays empty.
Created parse_created(std::string_view body);

std::string create_body(const CreateRequest& request);
// "/api/v1beta/workloads/NAME" and `rest`. Errors: invalid (no workload has such a name).
Result<std::string> workload_path(std::string_view name, std::string_view rest);

// What a refusal means for the caller, by its status and the texts that ToolHive is known to send.
enum class Asked { reading, registry, creating };
Error refusal(Asked asked, int status, std::string_view body);

}  // namespace mcpo::sources::toolhive
