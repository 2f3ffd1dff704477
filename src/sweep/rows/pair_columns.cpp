#include "palimpsest/core/text.hpp"
#include "sweep/rows/columns.hpp"

namespace palimpsest::sweep {
namespace {

std::string excess(const Outcome& o) { return o.final_loss && o.bound ? number_text(*o.final_loss - *o.bound) : ""; }

}  // namespace

std::vector<Column> pair_columns() {
  return {
      key("task"),
      key("S"),
      key("L"),
      key("replacement"),
      key("memory"),
      key("kernel"),
      key("key_dim"),
      feature_dim(),
      key("redraw"),
      key("scale"),
      key("rule"),
      key("normalization"),
      key("model"),
      key("evaluation"),
      key("seed"),
      status(),
      measured("reason", Type::text,
               "why it was skipped, or what ended training; and where features are 0 or underflow, how many answers "
               "vanish: are "
               "0 or divided by epsilon more than by z·q",
               [](const Outcome& o) { return o.reason; }),
      count("steps", &Outcome::steps, "training steps taken"),
      count("best_step", &Outcome::best_step, "training step of the best evaluation"),
      number("train_loss", &Outcome::train_loss, "mean loss of the training steps around the last evaluation"),
      number("best_loss", &Outcome::best_loss, "best loss of the evaluations during training"),
      number("final_loss", &Outcome::final_loss, "loss of the best parameters, evaluated again on fresh sequences"),
      number(
          "accuracy", &Outcome::accuracy,
          "share of queries whose largest output is the right value, and no other as large (ties are wrong), in that "
          "same "
          "evaluation"),
      number("bound", &Outcome::bound,
             "what no memory of this size can get below: ½·max(0, 1 − p/S), or its like for the evaluation, with the "
             "dimension that mapped keys span in place of p where it is less"),
      measured("excess", Type::real, "final_loss − bound", excess),
      number("last_loss", &Outcome::last_loss, "loss of the last evaluation during training"),
      key("beta"),
      key("alpha"),
      number("mean_beta", &Outcome::mean_beta,
             "mean write strength over all writes (and steps of a write) of the final evaluation"),
      number("mean_alpha", &Outcome::mean_alpha, "mean decay over the same"),
      part("loss_age_1", &Outcome::loss_by_age, 0,
           "final_loss of the queries whose value was written in the newest quarter of the sequence"),
      part("loss_age_2", &Outcome::loss_by_age, 1, "in the second newest quarter"),
      part("loss_age_3", &Outcome::loss_by_age, 2, "in the third"),
      part("loss_age_4", &Outcome::loss_by_age, 3, "in the oldest"),
      part("loss_overwrites_0", &Outcome::loss_by_overwrites, 0,
           "final_loss of the queries whose key was written once"),
      part("loss_overwrites_1", &Outcome::loss_by_overwrites, 1, "of those whose key was overwritten once"),
      part("loss_overwrites_2", &Outcome::loss_by_overwrites, 2, "twice"),
      part("loss_overwrites_3", &Outcome::loss_by_overwrites, 3, "three times or more"),
      key("batch"),
      key("learning_rate"),
      key("max_steps"),
      key("evaluation_every"),
      key("evaluation_sequences"),
      key("tolerance"),
      key("patience"),
      number("final_loss_error", &Outcome::final_loss_error,
             "standard error of final_loss, from how that evaluation's sequences differ"),
      key("schedule"),
      key("warmup"),
      key("improvement"),
      key("cooldown"),
      key("largest_beta"),
      key("ridge"),
      measured(
          "mean_gates", Type::text,
          "means of the rule's other gates over the same, `name=value` with blanks between, of one per feature over "
          "features too",
          [](const Outcome& o) { return o.mean_gates; }),
  };
}

}  // namespace palimpsest::sweep
