#include "phatgoose/routing/routed_adapter.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "phatgoose/base/error.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {

RoutedAdapter::RoutedAdapter(std::vector<Member> members, std::unique_ptr<Router> router, SelectionSettings selection,
                             std::shared_ptr<const RoutingControl> control, Mix mix, std::int64_t shares_of)
    : members_(std::move(members)),
      router_(std::move(router)),
      selection_(std::move(selection)),
      control_(std::move(control)),
      mix_(mix),
      shares_of_(shares_of) {
  std::vector<std::int64_t> experts;
  for (const Member& member : members_) experts.insert(experts.end(), member.experts.begin(), member.experts.end());
  expert_of_column_ = at::tensor(experts, at::kLong);
}

void RoutedAdapter::sum_scores(const at::Tensor& scores, const Packing& packing) const {
  for (std::int64_t begin = 0; const Member& member : members_) {
    const auto experts = static_cast<std::int64_t>(member.experts.size());
    control_->score_sums->add(member.number, scores.narrow(1, begin, experts), member.experts, packing);
    begin += experts;
  }
}

at::Tensor RoutedAdapter::competing(at::Tensor scores, const Pass& pass) const {
  if (const at::Tensor& known = pass.rows.expert_scores; known.defined()) {
    const at::Tensor by_column = known.index_select(1, expert_of_column_);          // [rows, S]
    scores = scores.add_(by_column.index_select(0, pass.packing.row_of_tokens()));  // [N, S]
  }
  if (const at::Tensor& named = pass.rows.token_experts; named.defined()) {
    scores.masked_fill_(named.unsqueeze(1).ne(expert_of_column_), -std::numeric_limits<float>::infinity());  // [N, S]
  }
  if (control_->excluded >= 0) {
    scores.masked_fill_(expert_of_column_.eq(control_->excluded), -std::numeric_limits<float>::infinity());
  }
  return scores;
}

/// The part of the weights that the linear's own experts have among all that take part.
double RoutedAdapter::share_of(const Member& member) const {
  const bool one_less = control_->excluded >= 0;
  const auto own = std::ranges::count_if(member.experts, [&](std::int32_t e) { return e != control_->excluded; });
  return static_cast<double>(own) / static_cast<double>(std::max<std::int64_t>(1, shares_of_ - (one_less ? 1 : 0)));
}

at::Tensor RoutedAdapter::apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const {
  if (at::GradMode::is_enabled() && y.requires_grad()) {
    fail(ExitCode::bug,
         {.where = "routed adapter", .found = "a pass with gradients", .expected = "inference", .hint = {}});
  }
  const at::NoGradGuard no_grad;
  const at::Tensor inputs = u.contiguous();                        // [N, in]
  at::Tensor scores = router_->scores(inputs, pass).to(at::kCPU);  // [N, S]
  if (control_->score_sums != nullptr) sum_scores(scores, pass.packing);
  if (control_->scores_only) return y;
  scores = competing(std::move(scores), pass);
  const SelectionSettings& selection = control_->selection ? *control_->selection : selection_;
  for (std::int64_t begin = 0; const Member& member : members_) {
    const auto experts = static_cast<std::int64_t>(member.experts.size());
    const Selection chosen = select_experts(scores.narrow(1, begin, experts), selection);
    if (shares_of_ > 0) chosen.weights.mul_(share_of(member));
    if (control_->observer != nullptr) {
      control_->observer->record(member.number, chosen, member.experts, pass.packing);
    }
    member.bank->add(inputs, y.narrow(1, member.column, member.out), PairOrder(chosen, experts), mix_);
    begin += experts;
  }
  return y;
}

std::shared_ptr<const RoutedAdapter> make_routed_adapter(const LinearGroupSpec& group, std::int64_t first_number,
                                                         const RoutedExperts& experts, const RoutingSettings& settings,
                                                         const RoutingTarget& target) {
  std::vector<RoutedAdapter::Member> members;
  std::vector<Competitor> competitors;
  std::int64_t column = 0;
  for (std::size_t l = 0; l < group.linears.size(); ++l) {
    const LinearSpec& linear = group.linears[l];
    std::vector<const LoraEntry*> entries;
    std::vector<std::int32_t> indices;
    for (std::size_t e = 0; e < experts.loras.size(); ++e) {
      const auto found = experts.loras[e]->find(linear.path);
      if (found == experts.loras[e]->end()) continue;
      entries.push_back(&found->second);
      indices.push_back(static_cast<std::int32_t>(e));
      competitors.push_back({l, e});
    }
    if (!entries.empty()) {
      members.push_back({first_number + static_cast<std::int64_t>(l), column, linear.out, std::move(indices),
                         make_expert_bank(linear.in, linear.out, entries, target.device, target.dtype)});
      for (const LoraEntry* entry : entries) entry->release();
    }
    column += linear.out;
  }
  if (members.empty()) return nullptr;
  auto router = make_router({group, experts.prototypes, competitors, target.device, settings});
  const bool shares_of_all = router_kind(settings.router, "router").shares_of_all;
  return std::make_shared<RoutedAdapter>(std::move(members), std::move(router), settings.selection(), target.control,
                                         settings.mixing(), shares_of_all ? std::ssize(experts.loras) : 0);
}

}  // namespace phatgoose
