/* A replay of a collection as a film over a scene. */
#pragma once

#include "collect/rsc-replay.h"
#include "rsc-film.h"

G_BEGIN_DECLS

#define RSC_REPLAY_FILM_MAX_FRAMES 400

/* Shows the steps that concern what @scene draws; of single references only
 * with RSC_GRAIN_STEP, and as long as there are at most RSC_REPLAY_FILM_MAX_FRAMES.
 * *n_frames: how many pictures; *n_left_out: how many steps have none; *n_cut: how many of
 * these for that limit.  Else as rsc_film_write(). */
gboolean rsc_replay_film_write (RscReplay *replay, RscScene *scene, RscGrain grain, RscFilmFormat format, double seconds,
                                const char *path, gboolean overwrite, guint *n_frames, guint64 *n_left_out,
                                guint64 *n_cut,
                                const RscProgress *progress, GCancellable *cancellable, GError **error);

/* What an object is called in a sentence: "list 2 items 0x7f..."; NULL for no node.  Free with g_free(). */
char *rsc_replay_dup_title (RscSnapshot *snapshot, RscNode node);

G_END_DECLS
