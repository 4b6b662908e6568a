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

std::string bytes_of(const UsageBook::Vector& vector) {
  return {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(Fixed)};
}

float cosine(std::span<const Fixed> a, std::span<const Fixed> b) {
  std::int32_t dot = 0;
  search::dot_rows(a, b, {&dot, 1});
  return search::cosine_of(dot);
}

// Empty for anything else than to_fixed() made.
UsageBook::Vector vector_of(const std::string& bytes, std::size_t dimension) {
  if (bytes.empty() || bytes.size() != dimension * sizeof(Fixed)) return {};
  UsageBook::Vector out(dimension);
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return search::has_norm_one(out) ? out : UsageBook::Vector();
}

}  // namespace

void UsageBook::load(const std::vector<catalog::UsedTool>& stored, std::size_t dimension) {
  UsageBook all;
  for (const catalog::UsedTool& one : stored) {
    const Vector vector = vector_of(one.request, dimension);
    if (!vector.empty()) all.append({one.server, one.tool}, vector);
  }
  for (std::size_t i = 0; i < tools_.size() && dimension_ == dimension; ++i) {
    const auto row = requests_.begin() + static_cast<std::ptrdiff_t>(i * dimension_);
    all.append(tools_[i], Vector(row, row + static_cast<std::ptrdiff_t>(dimension_)));
  }
  all.offers_ = std::move(offers_);
  *this = std::move(all);
}

void UsageBook::offered(Vector request, std::vector<ToolKey> tools, SteadyTime now) {
  expire(now);
  if (tools.empty() || request.empty()) return;
  offers_.push_back({std::move(request), std::move(tools), now});
  if (offers_.size() > kMaxOffers) offers_.pop_front();
}

std::optional<catalog::UsedTool> UsageBook::called(const ToolKey& tool, SteadyTime now) {
  expire(now);
  const Vector request = take_offers(tool);
  if (request.empty() || knows(tool, request)) return std::nullopt;
  append(tool, request);
  return catalog::UsedTool{tool.server, tool.tool, bytes_of(request)};
}

void UsageBook::expire(SteadyTime now) {
  while (!offers_.empty() && now - offers_.front().when > kOfferLifetime) offers_.pop_front();
}

// The request of the offer that placed the tool best, of equals the newest one's. A call uses up
// all offers of its tool: the next one without a new offer repeats it, and teaches nothing.
UsageBook::Vector UsageBook::take_offers(const ToolKey& tool) {
  Vector best;
  std::ptrdiff_t best_place = std::numeric_limits<std::ptrdiff_t>::max();
  for (Offer& offer : offers_) {
    const auto at = std::ranges::find(offer.tools, tool);
    if (at == offer.tools.end()) continue;
    const std::ptrdiff_t place = at - offer.tools.begin();
    if (place <= best_place) best = offer.request;
    best_place = std::min(best_place, place);
    *at = {};
  }
  return best;
}

// Or one that cannot be told from it.
bool UsageBook::knows(const ToolKey& tool, const Vector& request) const {
  if (request.size() != dimension_) return false;
  for (std::size_t i = 0; i < tools_.size(); ++i) {
    if (tools_[i] != tool) continue;
    const auto row = std::span(requests_).subspan(i * dimension_, dimension_);
    if (cosine(row, request) >= kSameRequest) return true;
  }
  return false;
}

void UsageBook::append(const ToolKey& tool, const Vector& request) {
  if (request.size() != dimension_) {  // the first one, or another model's
    tools_.clear();
    requests_.clear();
    dimension_ = request.size();
  }
  if (tools_.size() == catalog::kMaxUsedTools) {
    tools_.erase(tools_.begin());
    requests_.erase(requests_.begin(), requests_.begin() + static_cast<std::ptrdiff_t>(dimension_));
  }
  tools_.push_back(tool);
  requests_.insert(requests_.end(), request.begin(), request.end());
  numbered_in_.reset();
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
  if (tools_.empty() || request.vector.size() != dimension_) return {};
  number(view);
  std::vector<std::int32_t> dots(tools_.size());
  search::dot_rows(requests_, request.vector, dots);
  std::map<search::DocId, float> best;
  for (std::size_t i = 0; i < dots.size(); ++i) {
    const float nearness = search::usage_nearness(search::cosine_of(dots[i]));
    if (!numbers_[i] || nearness == 0) continue;
    float& known = best[*numbers_[i]];
    known = std::max(known, nearness);
  }
  std::vector<search::Used> out;
  for (const auto& [doc, nearness] : best) out.push_back({doc, nearness});
  return out;
}

}  // namespace mcpo::gateway
