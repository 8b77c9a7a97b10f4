## Where an operation is in its life

not-started = En attente
started = En cours
finished-ok = Terminé
finished-error = Échec
cancelled = Annulé

## Where a stage is

stage-pending = en attente
stage-active = en cours
stage-done = terminée
stage-failed = échouée
stage-cancelled = annulée
stage-reused = réutilisée

## What can be done

cancel = Annuler
cancelling = Annulation…
retry = Réessayer
continue = Continuer
continued-in = Suite :

## Attempts

attempt-of = Tentative { $number } sur { $max }
next-try-in = , prochaine dans
attempt-failed = La tentative { $number } sur { $max } a échoué, prochaine dans { $wait } : { $message }

## Progress

progress = Progression
percent = { $percent } %
done-of-total = { $done } sur { $total }
per-second = { $rate }/s
time-left = { $time } restantes
labelled = { $label } : { $text }

## Durations

hours-minutes = { $hours } h { $minutes } min
minutes-seconds = { $minutes } min { $seconds } s
seconds = { $seconds } s

## The page of an operation

operation = Opération
log = Journal
whole-log = Journal complet
lines-gone =
    { $lines ->
        [one] La première ligne manque
       *[other] Les { $lines } premières lignes manquent
    }
traceback = Trace de l’erreur

## The connection

connected = En direct
reconnecting = Reconnexion…
offline = Hors ligne
refused = Cela n’a pas fonctionné. Veuillez réessayer.
unreachable = Le serveur est injoignable. Veuillez réessayer.

## The list

operations = Opérations
all-operations = Toutes les opérations
no-operations = Aucune opération ici.
older-operations = Opérations plus anciennes
state = État
status = Statut
owner = Propriétaire
created = Création
every-state = Tous
search = Recherche
show = Afficher

## How a run ended

went-wrong = Une erreur est survenue. Si elle se reproduit, donnez ce numéro à l’assistance : { $id }
took-too-long = L’opération a été arrêtée parce qu’elle durait plus de { $time }.
result-too-large = Le résultat est trop volumineux pour être conservé. Si vous en avez besoin, donnez ce numéro à l’assistance : { $id }
worker-lost = Le processus d’exécution ne répond plus.
worker-lost-each-time = Le processus d’exécution a cessé de répondre à chaque fois qu’il a exécuté cette opération.

## Requests that are refused

bad-request-title = Requête incorrecte
forbidden-title = Accès refusé
not-found-title = Introuvable
conflict-title = Impossible pour l’instant
too-large-title = Trop volumineux
unsupported-title = Format inconnu
invalid-title = Illisible
too-many-title = Trop de demandes
internal-title = Erreur
show-it = L’afficher
already-ended = L’opération est déjà terminée.
not-ended = L’opération n’est pas encore terminée.
duplicate = La même opération est déjà en attente ou en cours.
not-found = Cette opération n’existe pas.
too-many-pages = Vous avez trop de pages ouvertes.
upload-too-large = Au plus { $bytes } octets étaient attendus, il y en a davantage.
internal = Une erreur est survenue sur le serveur.
other-site = Les requêtes venant d’autres sites sont refusées.
not-in-group = Vous n’appartenez pas au groupe auquel cette page est destinée.
