#include "phatgoose/routing/routed_adapter.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "phatgoose/base/error.h"

namespace phatgoose {

RoutedAdapter::RoutedAdapter(std::vector<Member> members, std::unique_ptr<Router> router, SelectionSettings selection,
                             std::shared_ptr<const RoutingObserver> observer)
    : members_(std::move(members)),
      router_(std::move(router)),
      selection_(std::move(selection)),
      observer_(std::move(observer)) {}

at::Tensor RoutedAdapter::apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const {
  if (at::GradMode::is_enabled() && y.requires_grad()) {
    fail(ExitCode::bug,
         {.where = "routed adapter", .found = "a pass with gradients", .expected = "inference", .hint = {}});
  }
  const at::NoGradGuard no_grad;
  const at::Tensor inputs = u.contiguous();                              // [N, in]
  const at::Tensor scores = router_->scores(inputs, pass).to(at::kCPU);  // [N, S]
  for (std::int64_t begin = 0; const Member& member : members_) {
    const auto experts = static_cast<std::int64_t>(member.experts.size());
    const Selection chosen = select_experts(scores.narrow(1, begin, experts), selection_);
    if (observer_->statistics != nullptr) {
      observer_->statistics->record(member.number, chosen, member.experts, pass.packing);
    }
    member.bank->add(inputs, y.narrow(1, member.column, member.out), PairOrder(chosen, experts));
    begin += experts;
  }
  return y;
}

std::shared_ptr<const RoutedAdapter> make_routed_adapter(const LinearGroupSpec& group, std::int64_t first_number,
                                                         std::span<const ExpertDirectory> experts,
                                                         const std::string& router, const SelectionSettings& selection,
                                                         const RoutingTarget& target) {
  std::vector<RoutedAdapter::Member> members;
  std::vector<Competitor> competitors;
  std::int64_t column = 0;
  for (std::size_t l = 0; l < group.linears.size(); ++l) {
    const LinearSpec& linear = group.linears[l];
    std::vector<const LoraEntry*> entries;
    std::vector<std::int32_t> indices;
    for (std::size_t e = 0; e < experts.size(); ++e) {
      const auto found = experts[e].loras().find(linear.path);
      if (found == experts[e].loras().end()) continue;
      entries.push_back(&found->second);
      indices.push_back(static_cast<std::int32_t>(e));
      competitors.push_back({l, e});
    }
    if (!entries.empty()) {
      members.push_back({first_number + static_cast<std::int64_t>(l), column, linear.out, std::move(indices),
                         make_expert_bank(linear.in, linear.out, entries, target.device, target.dtype)});
    }
    column += linear.out;
  }
  if (members.empty()) return nullptr;
  return std::make_shared<RoutedAdapter>(std::move(members),
                                         make_router(router, {group, experts, competitors, target.device}), selection,
                                         target.observer);
}

}  // namespace phatgoose
