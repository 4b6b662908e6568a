// Tools and requests for search_bench: from a file of real tools, or made up in their image.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "search/engine.h"

namespace mcpo::search {

// MCPO_BENCH_TOOLS names a file with a line {"server", "tools": [definitions of tools/list]} for
// each server. When it has fewer than `count` tools they come again on servers with other names.
std::vector<Document> bench_documents(std::size_t count);

// Some words of tools' descriptions each, as a model asks.
std::vector<std::string> bench_requests(const std::vector<Document>& documents, std::size_t count);

}  // namespace mcpo::search
