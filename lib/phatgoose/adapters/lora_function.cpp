#include "phatgoose/adapters/lora_function.h"

#include <ATen/ATen.h>
#include <ATen/OpMathType.h>
#include <torch/csrc/autograd/custom_function.h>

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Carries the layout of the factors from forward to backward.
struct Layout : torch::CustomClassHolder {
  explicit Layout(std::shared_ptr<const LoraLayout> layout) : members(std::move(layout)) {}
  std::shared_ptr<const LoraLayout> members;
};

at::Tensor columns_of(const at::Tensor& y, const LoraMember& member) {
  return y.narrow(1, member.column, member.out);  // [N, out]
}

at::Tensor ranks_of(const at::Tensor& h, const LoraMember& member) {
  return h.narrow(1, member.a_row, member.rank);  // [N, R]
}

at::Tensor b_of(const at::Tensor& b, const LoraMember& member) {
  return b.narrow(0, member.b_offset, member.out * member.rank).view({member.out, member.rank});  // [out, R]
}

/// Gates of all members: sigmoid(v . u), at least fp32.
at::Tensor gate_values(const at::Tensor& u, const at::Tensor& v) {
  const at::ScalarType type = at::toOpMathType(u.scalar_type());
  return at::mm(u.to(type), v.to(type).t()).sigmoid_();  // [N, members]
}

/// Columns of h multiplied by their member's factor: row-wise gates where there are any, and the scale c.
at::Tensor scale_members(const at::Tensor& h, const at::Tensor& gates, const LoraLayout& members) {
  at::Tensor scaled = at::empty_like(h);  // [N, sum R]
  for (std::size_t m = 0; m < members.size(); ++m) {
    const at::Tensor factor = gates.select(1, m).unsqueeze(1) * members[m].scale;  // [N, 1]
    at::Tensor part = ranks_of(scaled, members[m]);
    at::mul_out(part, ranks_of(h, members[m]), factor.to(h.scalar_type()));
  }
  return scaled;
}

/// y's columns of every member += alpha_m h_m B_m^T, in place.
void add_updates(const at::Tensor& y, const at::Tensor& h, const at::Tensor& b, const LoraLayout& members,
                 bool apply_scale) {
  for (const LoraMember& member : members) {
    columns_of(y, member).addmm_(ranks_of(h, member), b_of(b, member).t(), 1.0, apply_scale ? member.scale : 1.0);
  }
}

class LoraFunction : public torch::autograd::Function<LoraFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& y, const at::Tensor& a,
                            const at::Tensor& b, const std::optional<at::Tensor>& v,
                            const std::shared_ptr<const LoraLayout>& layout) {
    const LoraLayout& members = *layout;
    const at::Tensor a_cast = a.to(u.scalar_type());
    const at::Tensor b_cast = b.to(u.scalar_type());
    const at::Tensor h = at::mm(u, a_cast.t());  // [N, sum R]
    at::Tensor gates;
    if (v) {
      gates = gate_values(u, *v);
      add_updates(y, scale_members(h, gates, members), b_cast, members, false);
    } else {
      add_updates(y, h, b_cast, members, true);
    }
    context->mark_dirty({y});
    context->save_for_backward({u, a, b, v.value_or(at::Tensor()), h, gates});
    context->saved_data["layout"] = c10::IValue::make_capsule(c10::make_intrusive<Layout>(layout));
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &u = saved[0], &a = saved[1], &b = saved[2], &v = saved[3], &h = saved[4], &gates = saved[5];
    const auto layout = c10::static_intrusive_pointer_cast<Layout>(context->saved_data["layout"].toCapsule());
    const LoraLayout& members = *layout->members;
    const at::Tensor& g = gradients[0];  // [N, G]
    const bool needs_u = context->needs_input_grad(0), needs_a = context->needs_input_grad(2),
               needs_b = context->needs_input_grad(3), needs_v = v.defined() && context->needs_input_grad(4);

    at::Tensor db, t, dscore, da, dv, du;
    if (needs_b) db = gradient_of_b(g, v.defined() ? scale_members(h, gates, members) : h, b, members, !v.defined());
    if (needs_u || needs_a || needs_v) t = gradient_of_h(g, b, h.size(1), members, !v.defined());
    if (v.defined() && t.defined()) {
      dscore = gradient_of_scores(h, t, gates, members);
      t = scale_members(t, gates, members);
    }
    if (needs_a) da = at::mm(t.t(), u).to(a.scalar_type());
    if (needs_v) dv = at::mm(dscore.t(), u.to(dscore.scalar_type())).to(v.scalar_type());
    if (needs_u) {
      du = at::mm(t, a.to(u.scalar_type()));  // [N, in]
      if (v.defined()) du.addmm_(dscore.to(u.scalar_type()), v.to(u.scalar_type()));
    }
    variable_list result{du, context->needs_input_grad(1) ? g : at::Tensor(), da, db};
    result.push_back(dv);
    result.emplace_back();
    return result;
  }

 private:
  /// dB = c g^T (s h). With gates, `h` already holds c s; without, the scale is applied here.
  static at::Tensor gradient_of_b(const at::Tensor& g, const at::Tensor& h, const at::Tensor& b,
                                  const LoraLayout& members, bool apply_scale) {
    at::Tensor db = at::empty(b.sizes(), b.options().dtype(g.scalar_type()));
    for (const LoraMember& member : members) {
      at::Tensor part = b_of(db, member);  // [out, R]
      at::addmm_out(part, part, columns_of(g, member).t(), ranks_of(h, member), 0.0, apply_scale ? member.scale : 1.0);
    }
    return db.to(b.scalar_type());
  }

  /// t = B^T g of every member; without gates c B^T g, which is then the gradient of h.
  static at::Tensor gradient_of_h(const at::Tensor& g, const at::Tensor& b, std::int64_t ranks,
                                  const LoraLayout& members, bool apply_scale) {
    const at::Tensor b_cast = b.to(g.scalar_type());
    at::Tensor t = at::empty({g.size(0), ranks}, g.options());
    for (const LoraMember& member : members) {
      at::Tensor part = ranks_of(t, member);
      const at::Tensor b_of_member = b_of(b_cast, member);
      at::addmm_out(part, part, columns_of(g, member), b_of_member, 0.0, apply_scale ? member.scale : 1.0);
    }
    return t;
  }

  /// Gradient of v . u: c s (1 - s) (h . t).
  static at::Tensor gradient_of_scores(const at::Tensor& h, const at::Tensor& t, const at::Tensor& gates,
                                       const LoraLayout& members) {
    at::Tensor dscore = at::empty_like(gates);  // [N, members]
    for (std::size_t m = 0; m < members.size(); ++m) {
      const at::Tensor product = ranks_of(h, members[m]).to(gates.scalar_type()) * ranks_of(t, members[m]);
      at::Tensor column = dscore.select(1, m);
      at::sum_out(column, product.mul_(members[m].scale), at::IntArrayRef{1});
    }
    return dscore.mul_(gates).mul_(1.0 - gates);
  }
};

}  // namespace

at::Tensor add_lora(const at::Tensor& u, const at::Tensor& y, const at::Tensor& a, const at::Tensor& b,
                    const std::optional<at::Tensor>& v, std::shared_ptr<const LoraLayout> layout) {
  if (layout->empty()) return y;
  return LoraFunction::apply(u, y, a, b, v, layout);
}

at::Tensor add_lora(const at::Tensor& u, const at::Tensor& y, const std::shared_ptr<const LoraParameters>& parameters,
                    bool gated) {
  const auto& [members, a, b, v] = *parameters;
  return add_lora(u, y, a, b, gated ? std::optional(v) : std::nullopt, {parameters, &members});
}

}  // namespace phatgoose
