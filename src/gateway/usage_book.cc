#include "gateway/usage_book.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <utility>

#include "catalog/store.h"
#include "search/fusion.h"

namespace mcpo::gateway {
namespace {

using search::Fixed;

std::string bytes_of(std::span<const Fixed> vector) {
  return {reinterpret_cast<const char*>(vector.data()), vector.size_bytes()};
}

std::vector<Fixed> vector_of(const std::string& bytes) {
  if (bytes.empty() || bytes.size() % sizeof(Fixed) != 0) return {};
  std::vector<Fixed> out(bytes.size() / sizeof(Fixed));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace

void UsageBook::load(const std::vector<catalog::UsedTool>& stored) {
  for (const catalog::UsedTool& one : stored) {
    remember({one.server, one.tool}, vector_of(one.request));
  }
}

void UsageBook::offered(Request request, std::vector<ToolKey> tools, SteadyTime now) {
  if (tools.empty() || request->vector.empty()) return;
  offers_.push_back({std::move(request), std::move(tools), now});
  if (offers_.size() > kMaxOffers) offers_.pop_front();
}

std::optional<catalog::UsedTool> UsageBook::called(const ToolKey& tool, SteadyTime now) {
  const Request request = take_offer(tool, now);
  if (!request || !remember(tool, request->vector)) return std::nullopt;
  return catalog::UsedTool{tool.server, tool.tool, bytes_of(request->vector)};
}

// Of several offers that have the tool the one that placed it best explains the call; of equals the
// newest. It loses the tool, so that one request explains one call.
UsageBook::Request UsageBook::take_offer(const ToolKey& tool, SteadyTime now) {
  while (!offers_.empty() && now - offers_.front().when > kOfferLifetime) offers_.pop_front();
  ToolKey* best = nullptr;
  Request request;
  auto place = std::numeric_limits<std::size_t>::max();
  for (Offer& offer : offers_) {
    const auto at = std::ranges::find(offer.tools, tool);
    const auto here = static_cast<std::size_t>(at - offer.tools.begin());
    if (at == offer.tools.end() || here > place) continue;
    best = &*at;
    request = offer.request;
    place = here;
  }
  if (best != nullptr) *best = {};
  return request;
}

// False: it is known already, or of another model.
bool UsageBook::remember(const ToolKey& tool, std::span<const Fixed> request) {
  if (request.empty()) return false;
  if (tools_.empty()) dimension_ = request.size();
  if (request.size() != dimension_) return false;
  const std::vector<float> near = cosines(request);
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (near[i] >= kSameRequest && tools_[i] == tool) return false;
  }
  if (tools_.size() == catalog::kMaxUsedTools) {
    tools_.erase(tools_.begin());
    requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(dimension_));
  }
  tools_.push_back(tool);
  requests_.insert(requests_.end(), request.begin(), request.end());
  numbered_in_.reset();
  return true;
}

std::vector<float> UsageBook::cosines(std::span<const Fixed> request) const {
  std::vector<std::int32_t> dots(tools_.size());
  if (request.size() == dimension_) search::dot_rows(requests_, request, dots);
  std::vector<float> out;
  out.reserve(dots.size());
  for (const std::int32_t dot : dots) {
    out.push_back(static_cast<float>(dot) / (search::kFixedOne * search::kFixedOne));
  }
  return out;
}

// Looks up all remembered tools in the view.
void UsageBook::number(const std::shared_ptr<const View>& view) {
  if (numbered_in_.lock() == view) return;
  std::map<ServerKey, const ViewServer*> servers;
  for (const ViewServer& server : view->servers()) {
    if (server.offer == ViewServer::Offer::offered) servers.emplace(server.server().key, &server);
  }
  numbers_.clear();
  for (const ToolKey& one : tools_) {
    std::optional<search::DocId>& number = numbers_.emplace_back();
    const auto server = servers.find(one.server);
    if (server == servers.end()) continue;
    const auto& sorted = server->second->prepared->sorted;
    const auto tool = std::ranges::lower_bound(sorted, one.tool, {}, &catalog::CatalogTool::name);
    if (tool == sorted.end() || (*tool)->name != one.tool) continue;
    number = server->second->first_tool + static_cast<search::DocId>(tool - sorted.begin());
  }
  numbered_in_ = view;
}

std::vector<search::Used> UsageBook::used_for(const search::RequestEmbedding& request,
                                              const std::shared_ptr<const View>& view) {
  if (tools_.empty()) return {};
  number(view);
  const std::vector<float> near = cosines(request.vector);
  std::map<search::DocId, float> best;
  for (std::size_t i = 0; i < near.size(); ++i) {
    const float nearness = search::usage_nearness(near[i]);
    if (!numbers_[i] || nearness == 0) continue;
    float& known = best[*numbers_[i]];
    known = std::max(known, nearness);
  }
  std::vector<search::Used> out;
  for (const auto& [doc, nearness] : best) out.push_back({doc, nearness});
  return out;
}

}  // namespace mcpo::gateway
