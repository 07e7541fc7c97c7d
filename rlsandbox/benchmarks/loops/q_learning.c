/* Q-learning over a tabular model in plain C: what the compiled loop is measured against.
 *
 * The same steps, draws, ties, visits and logs as the sandbox's own, so that both end with the same table.
 */
#include <stdint.h>

#define TRAIL 64
#define LATEST 128

static const uint64_t DRAW = 0x9E3779B97F4A7C15ULL;

static double uniform(uint64_t rng) {
    uint64_t z = (rng ^ (rng >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return (double)((z ^ (z >> 31)) >> 11) * 1.1102230246251565e-16;
}

/* Returns the number of finished episodes. Arrays: [S, A] q and visits; [S, A, K] of the model; [M] starts. */
int64_t q_learning(double *restrict q, int64_t *restrict visits, int64_t *restrict trail,
                   double *restrict returns, double *restrict lengths, double *restrict latest,
                   const int32_t *restrict next_state, const double *restrict cumulative,
                   const double *restrict reward, const uint8_t *restrict terminal,
                   const int32_t *restrict start_states, const double *restrict start_cumulative, int64_t A,
                   int64_t K, int64_t bins, int64_t step_limit, double alpha, double gamma, double epsilon,
                   uint64_t rng, int64_t n_steps) {
    int64_t s_next = -1, length = 0, episode = 0, width = 1;
    double score = 0.0;
    for (int64_t step = 0; step < n_steps;) {
        if (s_next < 0) {
            rng += DRAW;
            double u = uniform(rng);
            int64_t m = 0;
            while (u >= start_cumulative[m]) m++;
            s_next = start_states[m];
        }
        int64_t s = s_next;
        double *values = q + s * A;
        double best = values[0];
        int64_t a = 0, ties = 0;
        for (int64_t b = 1; b < A; b++) {
            a = values[b] > best ? b : a;
            best = values[b] > best ? values[b] : best;
        }
        for (int64_t b = 0; b < A; b++) ties += values[b] == best;
        rng += DRAW;
        double u = uniform(rng);
        if (u < epsilon) {
            a = (int64_t)(u / epsilon * (double)A);
            a = a < A - 1 ? a : A - 1;
        } else if (ties > 1) {
            int64_t skip = (int64_t)((u - epsilon) / (1.0 - epsilon) * (double)ties);
            while (skip > 0 && a < A - 1) {
                a++;
                if (values[a] == best) skip--;
            }
        }
        int64_t k = 0;
        if (K > 1) {
            rng += DRAW;
            u = uniform(rng);
            for (int64_t j = 0; j < K - 1; j++) k += u >= cumulative[(s * A + a) * K + j];
        }
        int64_t at = (s * A + a) * K + k;
        s_next = next_state[at];
        int over = terminal[at];
        double next_value = 0.0;
        if (!over) {
            const double *following = q + s_next * A;
            next_value = following[0];
            for (int64_t b = 1; b < A; b++) next_value = following[b] > next_value ? following[b] : next_value;
        }
        double target = reward[at] + gamma * next_value;
        values[a] = values[a] + alpha * (target - values[a]);
        visits[s * A + a]++;
        trail[step % TRAIL] = s;
        step++, length++, score += reward[at];
        if (over || length == step_limit) {
            int64_t bin = episode / width;
            if (bin >= bins) {
                for (int64_t b = 0; b < bins / 2; b++) {
                    returns[b] = returns[2 * b] + returns[2 * b + 1];
                    lengths[b] = lengths[2 * b] + lengths[2 * b + 1];
                }
                for (int64_t b = bins / 2; b < bins; b++) returns[b] = lengths[b] = 0.0;
                width *= 2;
                bin = episode / width;
            }
            returns[bin] += score, lengths[bin] += (double)length, latest[episode % LATEST] = score;
            s_next = -1, length = 0, score = 0.0, episode++;
        }
    }
    return episode;
}
